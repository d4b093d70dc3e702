/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process of a device's front: starts it, reads its log, reports its end.  Contains no
 * policy: the device decides when to restart it.
 */
#ifndef DDEKITD_FRONT_H
#define DDEKITD_FRONT_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "confine.h"

#define FRONT_FDS 5

struct front;

/* Called from the event loop. Texts are borrowed for the call. */
struct front_ops {
	void (*log)(void *arg, const char *text);
	/* The last call; the front may be destroyed in it. */
	void (*died)(void *arg, const char *how);
};

struct front_spec {
	char *const *argv; /* argv[0]: path of the program */
	struct confine confine;
	int listener;       /* its fd 3, as systemd hands a socket over */
	int fds[FRONT_FDS]; /* its fds from 4 on; all fds are borrowed */
	bool outlive;       /* it survives the end of ddekitd */
};

/* What the next ddekitd needs to adopt a front. */
struct front_saved {
	pid_t pid;
	int pidfd, log;
};

/* If the program cannot be run, died() reports it later. Return: 0, -errno. */
int front_start(sd_event *event, const struct front_spec *spec, const struct front_ops *ops,
		void *arg, struct front **ret);
/* The fds are moved to the front, even on failure. Return: 0, -EBADF, -ENOMEM, -errno. */
int front_adopt(sd_event *event, const struct front_saved *saved, const struct front_ops *ops,
		void *arg, struct front **ret);
/* The fds are borrowed: the front keeps them. */
void front_save(const struct front *front, struct front_saved *ret);
pid_t front_pid(const struct front *front);
/* SIGKILL; died() follows. */
void front_kill(struct front *front);
/* Blocks until it has ended; only for the shutdown of ddekitd. Return: 0, -ETIMEDOUT. */
int front_wait(struct front *front, int ms);
/* Kills it if it still runs; does not call died() or wait for its end. NULL is fine. */
void front_destroy(struct front *front);

#endif
