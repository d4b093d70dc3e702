/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes a process: file descriptors, confinement, exec(). */
#ifndef DDEKITD_SPAWN_H
#define DDEKITD_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "confine.h"

#define SPAWN_MAX_EXTRA 8

struct spawn {
	const char *binary;
	char *const *argv;
	const struct confine *confine;
	int socket;       /* becomes PROTO_FD */
	int log;          /* becomes stdout and stderr */
	bool outlive;     /* no SIGKILL when ddekitd ends */
	const int *extra; /* become PROTO_FD + 1 and so on */
	size_t n_extra;   /* SPAWN_MAX_EXTRA at most */
	bool listens;     /* socket is handed over as systemd does it */
};

/* A process that has been forked and is about to execute the binary. */
struct spawned {
	pid_t pid;
	int pidfd; /* close-on-exec */
	int error; /* for spawn_error(), to be closed */
};

/* Starts the process; does not wait for its exec(). From the thread that lives as long as
 * the process is to: the kernel ends it with that thread, unless it outlives. Return: 0,
 * -errno. */
int spawn_process(const struct spawn *spawn, struct spawned *ret);
/* Once the process has ended: why it did not become the binary, -errno; 0: it did. */
int spawn_error(int fd);
/* uid and gid of a user, or of nobody if there is no such user. */
void spawn_user(const char *name, uid_t *ret_uid, gid_t *ret_gid);

#endif
