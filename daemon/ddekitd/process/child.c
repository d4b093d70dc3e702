/* SPDX-License-Identifier: GPL-2.0-only */
/* A child process: pidfd, log pipe, end; see child.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "child.h"
#include "lib/util.h"

void child_init(struct child *child, sd_event *event, uint32_t log_rate,
		const struct child_ops *ops, void *arg)
{
	*child = (struct child){
		.event = event,
		.ops = ops,
		.arg = arg,
		.pidfd = -1,
		.exec_error = -1,
		.log = { .ops = &ops->log, .arg = arg, .rate = log_rate, .fd = -1 }
	};
}

int child_open_log(struct child *child, int *ret_log)
{
	return logpipe_open(&child->log, ret_log);
}

/* ---- end ------------------------------------------------------------------- */

static int on_exit_of_child(sd_event_source *source, const siginfo_t *si, void *arg)
{
	struct child *child = arg;
	struct child_end end = { .exec_error = spawn_error(child->exec_error),
				 .known = true,
				 .signalled = si->si_code != CLD_EXITED,
				 .status = si->si_status };

	child->ops->ended(child->arg, &end);
	return 0;
}

/* The pidfd of a process that is no child of ours: init has its exit status. */
static int on_exit_of_adopted(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct child *child = arg;
	struct child_end end = { 0 };

	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	child->ops->ended(child->arg, &end);
	return 0;
}

void child_ended(struct child *child)
{
	logpipe_drain(&child->log);
	child->ended = true; /* a child of ours is reaped by sd-event, after this */
}

void child_disown(struct child *child)
{
	child->ended = true;
}

void child_signal(const struct child *child, int sig)
{
	syscall(SYS_pidfd_send_signal, child->pidfd, sig, NULL, 0);
}

int child_wait(const struct child *child, int ms)
{
	struct pollfd p = { .fd = child->pidfd, .events = POLLIN };

	return child->ended || child->pidfd < 0 || poll(&p, 1, ms) > 0 ? 0 : -ETIMEDOUT;
}

/* It is reaped here, or else by nobody. */
static int on_end_of_killed(sd_event_source *source, const siginfo_t *si, void *arg)
{
	sd_event_source_unref(source);
	return 0;
}

/* The pidfd is closed in time. */
static void kill_and_reap(struct child *child)
{
	sd_event_source *source;

	if (child->pidfd < 0)
		return;
	child_signal(child, SIGKILL);
	if (!child->adopted && sd_event_add_child_pidfd(child->event, &source, child->pidfd,
							WEXITED, on_end_of_killed, NULL) >= 0)
		sd_event_source_set_child_pidfd_own(source, 1);
	else
		close(child->pidfd);
	child->pidfd = -1;
}

void child_finish(struct child *child)
{
	child->exit_source = sd_event_source_disable_unref(child->exit_source);
	if (!child->ended)
		kill_and_reap(child);
	fd_close(&child->pidfd);
	fd_close(&child->exec_error);
	logpipe_close(&child->log);
}

/* ---- start ------------------------------------------------------------------- */

static int child_watch(struct child *child)
{
	int r;

	if (child->adopted)
		r = sd_event_add_io(child->event, &child->exit_source, child->pidfd, EPOLLIN,
				    on_exit_of_adopted, child);
	else
		r = sd_event_add_child_pidfd(child->event, &child->exit_source, child->pidfd,
					     WEXITED, on_exit_of_child, child);
	return r < 0 ? r : logpipe_watch(&child->log, child->event);
}

int child_start(struct child *child, const struct spawn *spawn)
{
	struct spawned made;
	int r = spawn_process(spawn, &made);

	if (r < 0)
		return r;
	child->pid = made.pid;
	child->pidfd = made.pidfd;
	child->exec_error = made.error;
	return child_watch(child);
}

int child_adopt(struct child *child, pid_t pid, int pidfd, int log)
{
	child->pid = pid;
	child->pidfd = pidfd;
	child->log.fd = log;
	child->adopted = true;
	return pidfd < 0 || log < 0 ? -EBADF : child_watch(child);
}

int pidfd_pid(int pidfd)
{
	_cleanup_free_ char *path = str_format("/proc/self/fdinfo/%d", pidfd);
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	char line[128];
	int pid = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	return pid;
}
