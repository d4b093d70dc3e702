/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ring, control memory and eventfds of a device: made by ddekitd, for its front and
 * its backs; and ddekitd's half of control.h.
 */
#ifndef DDEKITD_BLOCK_SHARE_H
#define DDEKITD_BLOCK_SHARE_H

#include <stdbool.h>

#include "control.h"
#include "sealed.h"

struct block_share {
	int ring, control;       /* memfds, sealed: nobody can make them shorter */
	int kick;                /* the back's eventfd */
	int done;                /* the front's, by which the back alone wakes it */
	int wake;                /* ddekitd's end of the front's life; borrowed; -1: none */
	struct block_control *c; /* mapped */
};

#define BLOCK_SHARE_NONE \
	{ \
		.ring = -1, .control = -1, .kick = -1, .done = -1, .wake = -1 \
	}

/* None of these blocks. */

/* No back serves yet. timeout_ms: see control.h. wake is the caller's to set.
 * Return: 0, -errno and nothing is open. */
int block_share_create(uint32_t timeout_ms, struct block_share *ret);
/* The file descriptors are filled in already and stay the caller's on failure; the
 * memory is mapped and checked. Return: 0, -EINVAL, -errno. */
int block_share_adopt(struct block_share *share);
/* Fine for BLOCK_SHARE_NONE, and twice. */
void block_share_close(struct block_share *share);

/* A back is about to be started: from now on the front withdraws nothing. The eventfds are
 * as they were made. Return: 0; -EAGAIN: the front is just withdrawing requests. Try
 * again; if it goes on for a second, end the front and call block_share_front_died(). */
int block_share_back_try_start(struct block_share *share);
/* What it was withdrawing stays; its successor waits for it or withdraws it. The eventfds are
 * as they were made. */
void block_share_front_died(struct block_share *share);
/* The back serves. */
void block_share_back_serves(struct block_share *share);
/* It is dead and the device has been reset. */
void block_share_back_died(struct block_share *share);
/* It is dead or not to be waited for; the time-out of requests begins, if it has not. */
void block_share_back_absent(struct block_share *share);
/* There will be no back: what waits is answered with an error now. Fine without memory. */
void block_share_give_up(struct block_share *share);
/* The front is to look at all anew. */
void block_share_notify(struct block_share *share);
/* Has the front looked at all since then? */
bool block_share_front_looked(const struct block_share *share);
/* The front's half: its end of life is readable. Return: 0: look at all anew; -EPIPE:
 * ddekitd has gone. */
int block_share_woken(int life);
void block_share_set_timeout(struct block_share *share, uint32_t timeout_ms);

#endif
