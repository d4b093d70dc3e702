/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks messages of a driver host before they are used.  No I/O, and no state but the
 * caller's, so that tests can feed it anything.
 */
#ifndef DDEKITD_MESSAGE_H
#define DDEKITD_MESSAGE_H

#include "protocol/host.h"
#include "lib/util.h"

#define MESSAGE_MAX 16384 /* more than the largest message of a host */

/* Kept per host by the caller; zero-initialised at its start. */
struct message_context {
	uint32_t last_state;   /* enum proto_state; 0: none yet */
	uint64_t not_before;   /* mono ns when the host was started */
	uint64_t window_start; /* for the rate limit */
	uint32_t window_count;
	bool reloads;   /* set by the caller: OP_RELOAD was sent */
	uint32_t again; /* likewise OP_SAY_STATE: the last state may be repeated
					 * that often */
};

#define MESSAGE_RATE_MAX 2000u /* unrequested messages per second */

/**
 * message_check - is this a message a sane host would send now?
 * @buf:     may be written to: texts are made printable
 * @len:     bytes received
 * @now:     mono ns
 * @ret_why: on failure what is wrong, a constant
 *
 * Checks version, type, length, range and NUL termination of every member and
 * the order of states, which it keeps in @ctx; and the rate of all but replies.
 * Return: 0, -EPROTO.
 */
int message_check(struct message_context *ctx, void *buf, size_t len, uint64_t now,
		  const char **ret_why);

/* Counts an unrequested message. message_check() does so for all but replies: the caller
 * knows whether it waits for one, and calls this if not. Return: NULL, or what is wrong, a
 * constant. */
const char *message_unasked(struct message_context *ctx, uint64_t now);

/* "adopted", "booted", …; "?" for an invalid state. */
const char *message_state_name(uint32_t state);

#endif
