/* SPDX-License-Identifier: GPL-2.0-only */
/* See leave.h. */
#include <errno.h>

#include "adopt-devices.h"
#include "hold.h"
#include "leave.h"
#include "lib/job.h"
#include "lib/log.h"
#include "state/fd-store.h"
#include "unit-job.h"

/* Systemd is asked in a thread: it may be slow while it stops everything else. */
struct leaving {
	struct manager *m;
	enum unit_end end;
	int error; /* of the question; then of the fd store */
};

static struct leaving *leaving_create(struct manager *m)
{
	struct leaving *l = calloc(1, sizeof(*l));

	if (l)
		l->m = m;
	return l;
}

static void stop(struct manager *m)
{
	log_notice("SIGTERM: stopping");
	manager_stop(m);
}

/* ---- a restart: the drivers are left to the next ddekitd ---------------------------- */

static void store_work(void *arg)
{
	struct leaving *l = arg;

	l->error = fdstore_wait();
}

static void store_done(void *arg)
{
	struct leaving *l = arg;
	struct manager *m = l->m;

	m->asking = false;
	if (!l->error && !m->env.stopping) {
		log_notice("restart: the drivers run on");
		m->leaving = true;
		sd_event_exit(m->env.event, 0);
	} else if (!m->env.stopping) {
		log_warning("restart: the service manager does not answer (%s); the drivers are "
			    "stopped",
			    strerror(-l->error));
		manager_stop(m);
	}
	free(l);
}

static const struct job_ops store_ops = { .work = store_work, .done = store_done };

/* Once the service manager has all files. @l is moved if it succeeds. */
static bool leave_drivers(struct leaving *l)
{
	manager_leave(l->m);
	return job_run(l->m->env.event, &store_ops, l) >= 0;
}

/* ---- the end of the machine: the drivers of disks are left until then ------------------ */

static bool has_disks(const struct manager *m)
{
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		if (device_may_have_users(m->device[i]))
			return true;
	return false;
}

static bool outlive_users(struct manager *m)
{
	int r = has_disks(m) ? hold_files() : -ENOENT;

	if (r == -ENOENT)
		return false;
	if (r < 0) {
		log_warning("shutdown: the disks end before their users: %s", strerror(-r));
		return false;
	}
	log_notice("shutdown: the drivers of disks run on until the end");
	m->leaving = true;
	return sd_event_exit(m->env.event, 0) >= 0;
}

/* ---- which -------------------------------------------------------------------------------- */

static void ask_work(void *arg)
{
	struct leaving *l = arg;

	l->error = unitjob_end(&l->end);
}

static void ask_done(void *arg)
{
	struct leaving *l = arg;
	struct manager *m = l->m;

	if (l->error < 0 && l->end == UNIT_STOPS)
		log_warning("cannot ask systemd why this unit is stopped: %s", strerror(-l->error));
	if (l->end == UNIT_RESTARTS && !m->env.stopping && leave_drivers(l))
		return;
	m->asking = false;
	if (!m->env.stopping && (l->end != UNIT_ENDS_WITH_MACHINE || !outlive_users(m)))
		stop(m);
	free(l);
}

static const struct job_ops ask_ops = { .work = ask_work, .done = ask_done };

void leave_as_asked(struct manager *m)
{
	struct leaving *l = NULL;

	if (m->env.stopping)
		return;
	if (!m->asking && fdstore_active(m->env.fdstore))
		l = leaving_create(m);
	if (l && job_run(m->env.event, &ask_ops, l) >= 0) {
		m->asking = true;
		return;
	}
	free(l);
	stop(m);
}
