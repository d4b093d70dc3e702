/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device's jobs do in their thread; see work.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "work.h"
#include "process/qemu.h"
#include "system/qemu-drive.h"
#include "state/fd-store.h"
#include "system/in-use.h"
#include "state/lock-file.h"
#include "system/net-settings.h"
#include "system/pci-id.h"
#include "system/pci-sysfs.h"
#include "system/take-over.h"
#include "system/qemu-tap.h"

char *work_lock_name(const char *bdf_text)
{
	return str_format("claim-%s.lock", bdf_text);
}

/* ---- claim --------------------------------------------------------------- */

static int claim_lock(struct claim_work *w)
{
	_cleanup_free_ char *name = work_lock_name(w->config->bdf_text);
	pid_t owner = 0;
	int r;

	if (w->lock >= 0) /* of the ddekitd before this one */
		return 0;
	if (!name)
		return -ENOMEM;
	r = lockfile_open(w->dir, name, &owner);
	if (r == -EBUSY)
		w->why = str_format("claimed by another ddekitd (process %d); unbind it there",
				    (int)owner);
	else if (r < 0)
		w->why = str_format("cannot lock %s/%s: %s", w->dir, name, strerror(-r));
	if (r < 0)
		return r;
	w->lock = r;
	return 0;
}

static int claim_confine(struct claim_work *w, struct qemu_confine *confine,
			 struct ddekit_claim_spec *spec)
{
	int r = qemuconfine_open(w->config, w->uid, w->gid, confine, &w->notes);

	if (r < 0) {
		w->why = str_format("cannot confine QEMU: %s", strerror(-r));
		return r;
	}
	spec->emu_confine = qemuconfine_enter;
	spec->emu_confine_arg = confine;
	return 0;
}

static int claim_open(struct claim_work *w)
{
	struct qemu_confine confine = { 0 };
	const struct device_config *c = w->config;
	struct ddekit_claim_spec spec = {
		.bdf = c->bdf,
		.backend = c->backend,
		.pool_size = c->memory,
		.before = w->before,
		.emu_device = c->device,
		.emu_args = (const char *const *)c->emu_args.item,
		.uid = w->uid,
		.gid = w->gid,
	};
	_cleanup_free_ char *why = NULL, *netdev = NULL, *drive = NULL, *group = NULL;
	_cleanup_close_ int wire = -1, disk = -1;
	int fds[3] = { -1, -1, -1 }, n = 0, r;

	r = qemutap_open(c->netdev, &netdev, &wire, &w->why);
	if (!r)
		r = qemudrive_open(c->drive, &drive, &disk, &w->why);
	if (!r && config_is_emulated(c))
		r = claim_confine(w, &confine, &spec);
	if (r < 0)
		return r;
	if (wire >= 0)
		fds[n++] = wire;
	if (disk >= 0)
		fds[n++] = disk;
	spec.emu_netdev = netdev;
	spec.emu_drive = drive;
	spec.emu_drive_fd = disk;
	spec.emu_fds = fds;
	r = ddekit_claim_open(&spec, &w->claim, &why);
	qemuconfine_close(&confine);
	w->before.changed = false; /* on failure it has been returned */
	if (r == -EBUSY && config_needs_group(c))
		group = pcisys_group_problem(inuse_system.sys, c->bdf_text);
	if (r < 0)
		w->why = str_format("%s: %s", c->backend, group ? group : why ? why : strerror(-r));
	return r;
}

void work_claim(void *arg)
{
	struct claim_work *w = arg;

	if (w->barrier)
		fdstore_wait(); /* if it does not answer, the device may be busy */
	w->error = claim_lock(w);
	if (!w->error)
		w->error = takeover_check(w->config, w->force, &w->saved, &w->notes, &w->why);
	if (!w->error)
		w->error = claim_open(w);
	if (!w->error &&
	    pciid_modalias(w->config->bdf, w->claim, w->modalias, sizeof(w->modalias)) < 0)
		w->modalias[0] = 0;
}

void claim_work_finish(struct claim_work *w)
{
	device_config_destroy(w->config);
	strv_finish(&w->notes);
	free(w->why);
}

/* ---- what a claim is asked --------------------------------------------------- */

void work_quiesce(void *arg)
{
	struct quiesce_work *w = arg;

	w->error = ddekit_claim_quiesce(w->claim);
	w->end_ns = mono_ns();
	if (w->error < 0 && ddekit_claim_death_why(w->claim, &w->death) < 0)
		w->death = NULL;
}

/* A file that uio opens sets bus mastering: this comes directly before the driver host. */
void work_handover(void *arg)
{
	struct handover_work *w = arg;

	w->error = ddekit_claim_handover(w->claim, &w->handover);
}

void work_death(void *arg)
{
	struct death_work *w = arg;

	w->result = ddekit_claim_death_why(w->claim, &w->why);
}

void work_rearm(void *arg)
{
	struct rearm_work *w = arg;

	w->error = ddekit_claim_rearm(w->claim);
}

void work_monitor(void *arg)
{
	struct monitor_work *w = arg;

	w->error = ddekit_claim_monitor(w->claim, w->command, w->arguments, &w->reply);
}

void monitor_work_free(struct monitor_work *w)
{
	if (!w)
		return;
	free(w->command);
	free(w->arguments);
	free(w->reply);
	free(w);
}

/* ---- the end --------------------------------------------------------------- */

void work_end(void *arg)
{
	struct end_work *w = arg;
	struct pollfd p = { .fd = w->pidfd, .events = POLLIN };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

/* The file of its class first: a TAP may have the name of the kernel's interface. */
void work_close(void *arg)
{
	struct close_work *w = arg;
	_cleanup_free_ char *name = work_lock_name(w->bdf_text);
	int r;

	if (w->barrier)
		w->barrier_error = fdstore_wait();
	fd_close(&w->file);
	ddekit_claim_close(w->claim);
	r = ddekit_give_back(w->bdf, &w->before);
	if (r < 0)
		w->return_error = str_format("cannot return it to its driver %s: %s",
					     w->before.driver, strerror(-r));
	if (w->saved)
		takeover_return(w->bdf_text, w->saved, &w->notes);
	if (w->dir && name)
		lockfile_remove(w->dir, name, &w->lock);
	fd_close(&w->lock);
}

void close_work_free(struct close_work *w)
{
	if (!w)
		return;
	strv_finish(&w->notes);
	free(w->return_error);
	free(w);
}
