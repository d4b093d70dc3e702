/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A child process, whatever program it runs: its pidfd, its log pipe, its end; adoption of
 * one that an earlier ddekitd started.
 */
#ifndef DDEKITD_CHILD_H
#define DDEKITD_CHILD_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "log-pipe.h"
#include "spawn.h"

/* How it ended. */
struct child_end {
	int exec_error; /* -errno: it never became its program; 0: it did */
	bool known;     /* it was a child of ours: what follows is valid */
	bool signalled;
	int status; /* exit status, or signal */
};

/* Called from the event loop. */
struct child_ops {
	struct logpipe_ops log;
	/* The last call, which calls child_ended(); the child may be finished in it. */
	void (*ended)(void *arg, const struct child_end *end);
};

/* Read by its owner alone; set by child.c. */
struct child {
	sd_event *event;
	const struct child_ops *ops;
	void *arg;
	pid_t pid;
	int pidfd;
	bool adopted; /* no child of ours: its exit status is not known */
	bool ended;
	int exec_error; /* for spawn_error(); -1: of an earlier ddekitd */
	struct logpipe log;
	sd_event_source *exit_source;
};

/* @log_rate: lines per second; more are dropped. */
void child_init(struct child *child, sd_event *event, uint32_t log_rate,
		const struct child_ops *ops, void *arg);
/* Makes the log pipe; the end to be written is *ret_log. Return: 0, -errno. */
int child_open_log(struct child *child, int *ret_log);
/* Starts the process and watches it. Return: 0, -errno: it is to be finished. */
int child_start(struct child *child, const struct spawn *spawn);
/* Watches one that runs. The fds are moved in any case. Return: 0, -EBADF, -errno: it is to
 * be finished, which kills it unless child_disown() comes first. */
int child_adopt(struct child *child, pid_t pid, int pidfd, int log);
/* By the pidfd: the pid of one that is no child may be another process's by now. */
void child_signal(const struct child *child, int sig);
/* Reads the rest of its log; from now on it is not killed or waited for. */
void child_ended(struct child *child);
/* It lives on: child_finish() does not kill it. */
void child_disown(struct child *child);
/* Waits for its end; blocks: for the end of ddekitd. Return: 0, -ETIMEDOUT. */
int child_wait(const struct child *child, int ms);
/* SIGKILL if it still runs; its end is not waited for, and ended() not called. */
void child_finish(struct child *child);
/* The pid that a pidfd stands for; -1: it has ended and is reaped; 0: not known. */
int pidfd_pid(int pidfd);

#endif
