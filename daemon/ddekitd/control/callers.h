/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many calls wait for an answer that somebody else gives (a driver host, the bus,
 * polkit), by sender: a connection to the control socket, a unique name on the system
 * bus.  ddekitd keeps a call that waits, so it must be small, and there are limits.
 */
#ifndef DDEKITD_CALLERS_H
#define DDEKITD_CALLERS_H

#include <sys/types.h>
#include <systemd/sd-bus.h>

#define CALLERS_ARGUMENTS 8192u /* bytes that a call may have that waits */

struct caller;

/* The calls that wait for one kind of answer. Zero-initialised but for the limits. */
struct callers {
	unsigned int each; /* calls of a sender, or of a user */
	unsigned int all;  /* of all senders on the system bus together; 0: no limit */
	unsigned int n;    /* of those */
	struct caller *first;
};

/**
 * callers_add - count a call that is about to wait
 * @msg:        read and rewound
 * @ret_caller: for callers_remove()
 *
 * Return: 0; -errno with @error set (LimitsExceeded), or -ENOMEM.
 */
int callers_add(struct callers *c, sd_bus_message *msg, struct caller **ret_caller,
		sd_bus_error *error);
/* The same for a user, however many connections it has. */
int callers_add_user(struct callers *c, uid_t uid, struct caller **ret_caller, sd_bus_error *error);
/* The call no longer waits. *caller NULL is fine; it is NULL afterwards. */
void callers_remove(struct callers *c, struct caller **caller);

#endif
