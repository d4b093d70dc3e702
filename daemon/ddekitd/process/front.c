/* SPDX-License-Identifier: GPL-2.0-only */
/* The process of a device's front; see front.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "front.h"
#include "driver-host.h"
#include "log-pipe.h"

#define LOG_RATE 100u		/* lines per second; more are dropped */

struct front {
	const struct front_ops *ops;
	void *arg;
	pid_t pid;
	bool adopted;		/* no child of ours */
	int pidfd;
	int exec_error;		/* for spawn_error(); -1: of an earlier ddekitd */
	sd_event *event;
	struct logpipe log;
	sd_event_source *exit_source;
};

/* ---- log ------------------------------------------------------------------ */

static void on_log_line(void *arg, char *text)
{
	struct front *f = arg;

	if (*text)
		f->ops->log(f->arg, text);
}

static void on_log_flood(void *arg, const char *text)
{
	struct front *f = arg;

	f->ops->log(f->arg, text);
}

static const struct logpipe_ops log_ops = { .line = on_log_line, .flood = on_log_flood };

/* ---- end ------------------------------------------------------------------- */

static void over(struct front *f, const char *how)
{
	logpipe_drain(&f->log);
	f->pid = 0;
	f->ops->died(f->arg, how);
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *si, void *arg)
{
	struct front *f = arg;
	int error = spawn_error(f->exec_error);
	char how[96];

	if (error)
		snprintf(how, sizeof(how), "cannot be run: %s", strerror(-error));
	else if (si->si_code == CLD_EXITED)
		snprintf(how, sizeof(how), "exited with status %d", si->si_status);
	else
		snprintf(how, sizeof(how), "killed by %s", signal_name(si->si_status));
	over(arg, how);
	return 0;
}

static int on_exit_of_adopted(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	over(arg, "ended");
	return 0;
}

/* ---- start ------------------------------------------------------------------- */

static int watch(struct front *f, sd_event *event)
{
	int r;

	if (f->adopted)
		r = sd_event_add_io(event, &f->exit_source, f->pidfd, EPOLLIN, on_exit_of_adopted,
				    f);
	else
		r = sd_event_add_child_pidfd(event, &f->exit_source, f->pidfd, WEXITED,
					     on_exit_of_child, f);
	if (r >= 0)
		r = logpipe_watch(&f->log, event);
	return r < 0 ? r : 0;
}

static struct front *make(sd_event *event, const struct front_ops *ops, void *arg)
{
	struct front *f = calloc(1, sizeof(*f));

	if (f)
		*f = (struct front){ .ops = ops, .arg = arg, .pidfd = -1,
				     .exec_error = -1, .event = event,
				     .log = { .ops = &log_ops, .arg = f, .rate = LOG_RATE,
					      .fd = -1 } };
	return f;
}

static int spawn(struct front *f, const struct front_spec *spec, int log)
{
	struct spawn s = {
		.binary = spec->argv[0],
		.argv = spec->argv,
		.confine = &spec->confine,
		.socket = spec->listener,
		.log = log,
		.outlive = spec->outlive,
		.extra = spec->fds,
		.n_extra = FRONT_FDS,
		.listens = true,
	};

	struct spawned made;
	int r = spawn_process(&s, &made);

	if (r < 0)
		return r;
	f->pid = made.pid;
	f->pidfd = made.pidfd;
	f->exec_error = made.error;
	return 0;
}

int front_start(sd_event *event, const struct front_spec *spec, const struct front_ops *ops,
		void *arg, struct front **ret)
{
	struct front *f = make(event, ops, arg);
	_cleanup_close_ int log = -1;
	int r;

	if (!f)
		return -ENOMEM;
	r = logpipe_open(&f->log, &log);
	if (!r)
		r = spawn(f, spec, log);
	if (!r)
		r = watch(f, event);
	if (r < 0) {
		front_destroy(f);
		return r;
	}
	*ret = f;
	return 0;
}

int front_adopt(sd_event *event, const struct front_kept *kept, const struct front_ops *ops,
		void *arg, struct front **ret)
{
	struct front *f = make(event, ops, arg);
	struct front_kept fds = *kept;
	int r;

	if (!f) {
		fd_close(&fds.pidfd);
		fd_close(&fds.log);
		return -ENOMEM;
	}
	f->pid = kept->pid;
	f->pidfd = kept->pidfd;
	f->log.fd = kept->log;
	f->adopted = true;
	r = f->pidfd < 0 || f->log.fd < 0 ? -EBADF : watch(f, event);
	if (r < 0) {
		front_destroy(f);
		return r;
	}
	*ret = f;
	return 0;
}

void front_keep(const struct front *front, struct front_kept *ret)
{
	*ret = (struct front_kept){ .pid = front->pid, .pidfd = front->pidfd,
				    .log = front->log.fd };
}

pid_t front_pid(const struct front *front)
{
	return front->pid;
}

void front_kill(struct front *f)
{
	syscall(SYS_pidfd_send_signal, f->pidfd, SIGKILL, NULL, 0);
}

int front_wait(struct front *f, int ms)
{
	return f->pid > 0 ? process_wait(f->pidfd, ms) : 0;
}

void front_destroy(struct front *f)
{
	if (!f)
		return;
	sd_event_source_disable_unref(f->exit_source);
	if (f->pid > 0)
		process_kill(f->event, &f->pidfd, !f->adopted);
	fd_close(&f->pidfd);
	fd_close(&f->exec_error);
	logpipe_close(&f->log);
	free(f);
}
