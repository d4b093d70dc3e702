/* SPDX-License-Identifier: GPL-2.0-only */
/* The process of a device's front; see front.h. */
#include <errno.h>
#include <signal.h>

#include "child.h"
#include "front.h"
#include "lib/util.h"

#define LOG_RATE 100u /* lines per second; more are dropped */

struct front {
	const struct front_ops *ops;
	void *arg;
	struct child child;
};

/* ---- log ------------------------------------------------------------------ */

static void on_front_line(void *arg, char *text)
{
	struct front *f = arg;

	if (*text)
		f->ops->log(f->arg, text);
}

static void on_front_flood(void *arg, const char *text)
{
	struct front *f = arg;

	f->ops->log(f->arg, text);
}

/* ---- end ------------------------------------------------------------------- */

static void on_front_ended(void *arg, const struct child_end *end)
{
	struct front *f = arg;
	char how[96];

	if (!end->known)
		snprintf(how, sizeof(how), "ended");
	else if (end->exec_error)
		snprintf(how, sizeof(how), "cannot be run: %s", strerror(-end->exec_error));
	else if (!end->signalled)
		snprintf(how, sizeof(how), "exited with status %d", end->status);
	else
		snprintf(how, sizeof(how), "killed by %s", signal_name(end->status));
	child_ended(&f->child);
	f->ops->died(f->arg, how);
}

static const struct child_ops child_ops = {
	.log = { .line = on_front_line, .flood = on_front_flood },
	.ended = on_front_ended,
};

/* ---- start ------------------------------------------------------------------- */

static struct front *front_create(sd_event *event, const struct front_ops *ops, void *arg)
{
	struct front *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	*f = (struct front){ .ops = ops, .arg = arg };
	child_init(&f->child, event, LOG_RATE, &child_ops, f);
	return f;
}

int front_start(sd_event *event, const struct front_spec *spec, const struct front_ops *ops,
		void *arg, struct front **ret)
{
	struct front *f = front_create(event, ops, arg);
	_cleanup_close_ int log = -1;
	int r;

	if (!f)
		return -ENOMEM;
	r = child_open_log(&f->child, &log);
	if (!r)
		r = child_start(&f->child, &(struct spawn){
						   .binary = spec->argv[0],
						   .argv = spec->argv,
						   .confine = &spec->confine,
						   .socket = spec->listener,
						   .log = log,
						   .outlive = spec->outlive,
						   .extra = spec->fds,
						   .n_extra = FRONT_FDS,
						   .listens = true,
					   });
	if (r < 0) {
		front_destroy(f);
		return r;
	}
	*ret = f;
	return 0;
}

int front_adopt(sd_event *event, const struct front_saved *saved, const struct front_ops *ops,
		void *arg, struct front **ret)
{
	struct front *f = front_create(event, ops, arg);
	struct front_saved fds = *saved;
	int r;

	if (!f) {
		fd_close(&fds.pidfd);
		fd_close(&fds.log);
		return -ENOMEM;
	}
	r = child_adopt(&f->child, saved->pid, saved->pidfd, saved->log);
	if (r < 0) {
		front_destroy(f);
		return r;
	}
	*ret = f;
	return 0;
}

void front_save(const struct front *f, struct front_saved *ret)
{
	*ret = (struct front_saved){ .pid = front_pid(f),
				     .pidfd = f->child.pidfd,
				     .log = f->child.log.fd };
}

pid_t front_pid(const struct front *f)
{
	return f->child.pid;
}

void front_kill(struct front *f)
{
	child_signal(&f->child, SIGKILL);
}

int front_wait(struct front *f, int ms)
{
	return child_wait(&f->child, ms);
}

void front_destroy(struct front *f)
{
	if (!f)
		return;
	child_finish(&f->child);
	free(f);
}
