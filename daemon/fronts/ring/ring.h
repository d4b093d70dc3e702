/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The front half of a device's ring (drivers/bridges/block/ring.h): requests of any
 * size in, answers out, whatever becomes of the back meanwhile.
 *
 *   ring.c        requests, slots, answers, time-outs
 *   ring-check.c  what a request's disk allows
 *   ring-age.c    how long requests have been with the back
 *   disk.c        the disks that the back describes
 *
 * Nothing in the ring is believed: what a slot holds is written from here and kept
 * here too; of the back only state and result are read, each once.
 *
 * A front that takes the place of a dead one first waits for what that had given to the
 * back (orphans): their clients will send them again, and an old write must not come
 * after a new one.
 *
 * All functions may be called by any thread, and block only as they say.
 */
#ifndef DDEKITD_BLOCK_RING_H
#define DDEKITD_BLOCK_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/bridges/block/control.h"

struct block_ring;

struct block_fds {
	int ring, control, kick, done;
};

/* Maps the memory; the fds stay the caller's, and open. Return: 0, -EINVAL (not such
 * memory), -ENOMEM, -errno. */
int block_ring_open(const struct block_fds *fds, struct block_ring **ret);
/* No request may be under way. NULL is fine. */
void block_ring_close(struct block_ring *ring);

/* ---- requests -------------------------------------------------------------- */

/* The caller's until done() is called, which may happen before submit() returns. */
struct block_request {
	uint8_t op;    /* enum dde_block_op */
	uint8_t flags; /* DDE_BLOCK_FUA … */
	uint16_t disk;
	uint64_t offset; /* bytes; multiples of the logical block, as bytes is */
	uint64_t bytes;
	void *data;    /* of reads and writes */
	uint32_t kept; /* number + 1 of a slot from block_ring_keep(), in which data is;
				 * one request at a time has it; 0: data is elsewhere */
	/* Once, by a thread that submits or reaps, without locks. error: 0 or -errno:
	 * -EINVAL (alignment, range), -EOPNOTSUPP, -EROFS, -ENODEV (no such disk), -EIO
	 * (it waited too long for a back), or the driver's. */
	void (*done)(struct block_request *req, int error);

	/* The ring's. */
	struct block_request *next;
	uint64_t todo;  /* bytes that are in no slot yet; a flush has 1 */
	uint32_t part;  /* bytes of a slot, at most */
	uint32_t parts; /* in slots */
	int error;
};

void block_ring_submit(struct block_ring *ring, struct block_request *req);
/* The same for one of several, which the back is to hear of at once: after them the caller
 * calls block_ring_kick(), if one of them returned true. */
bool block_ring_add(struct block_ring *ring, struct block_request *req);
void block_ring_kick(struct block_ring *ring);
/* The same (its done is not used), and blocks until the answer, which another thread must
 * reap. Return: as done()'s error. */
int block_ring_io(struct block_ring *ring, const struct block_request *req);

/* A slot for requests of the caller's alone: data in its memory is not copied, unless the
 * request needs several slots. Return: its number, -EBUSY (others need the rest). */
int block_ring_keep(struct block_ring *ring, void **ret_data);
/* No request has it any more. */
void block_ring_let_go(struct block_ring *ring, int slot);

/* ---- answers --------------------------------------------------------------- */

/* Takes what is answered, gives free slots to requests that wait, ends what waited
 * too long. Whenever the done eventfd or block_ring_event() is readable, when ddekitd
 * wakes the front, and after block_ring_wait_ms(). */
void block_ring_reap(struct block_ring *ring);
/* As poll()'s time-out: until block_ring_reap() has something to end; -1: nothing. */
int block_ring_wait_ms(struct block_ring *ring);
/* An eventfd of the ring's own, in case block_ring_wait_ms() has become shorter. The
 * caller may use it too. Both are emptied by fd_drain_event(): the back has done, and
 * can make a read() of it block. */
int block_ring_event(const struct block_ring *ring);
/* A loop of all that. life: the front's end of ddekitd's socket; -1: none. Return: 0:
 * stop (an eventfd or socket) is readable or hung up; -EPIPE: ddekitd has gone; -errno. */
int block_ring_serve(struct block_ring *ring, int life, int stop);
/* ddekitd has gone, and with it the back's device: what waits ends with an error. */
void block_ring_give_up(struct block_ring *ring);

/* ---- disks ----------------------------------------------------------------- */

/* The last consistent description, checked: sizes are sensible, texts are printable
 * and end. Return: 0, -ENODEV (never described, or not sensibly). */
int block_ring_disk(struct block_ring *ring, uint16_t index, struct dde_block_disk *ret);
/* Another number than before: a disk has come, changed or gone. Cheap. */
uint32_t block_ring_disks_version(const struct block_ring *ring);
/* By name; "" is the first that is present. Return: index, -ENODEV. */
int block_ring_find(struct block_ring *ring, const char *name, struct dde_block_disk *ret);
/* For what the front adds to it. */
struct block_control *block_ring_control(struct block_ring *ring);

/* disk.c: as the back wrote it, once. Return: 0, -ENODEV (never used), -EAGAIN (being
 * written), -EINVAL (not sensible). */
int block_disk_read(const struct dde_block_disk *src, struct dde_block_disk *ret);
/* disk.c: ends texts and makes them printable, bounds the limits. Return: 0, -EINVAL. */
int block_disk_check(struct dde_block_disk *d);

#endif
