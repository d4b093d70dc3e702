/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam of the block bridge: kern*.c (a kernel module, kernel world) on one side,
 * host-ring.c (host world, owns the ring's mapping and eventfds) on the other.
 * Compiled in both worlds; includes only fixed-width integer types.
 */
#ifndef DDE_BLOCK_SEAM_H
#define DDE_BLOCK_SEAM_H

#include "ring.h"

#define DDE_BLOCK_SEAM_VERSION 2u

enum dde_block_event {
	DDE_BLOCK_PRESENT = 1,
	DDE_BLOCK_CHANGED = 2,
	DDE_BLOCK_GONE = 3, /* also for one known from before that did not come back */
};

/* Down-calls, all on a CPU thread with interrupts off; none blocks. Each gets the table
 * that it was found in. The kernel half has one bridge for each runtime. */
struct dde_block_down {
	uint32_t version;            /* DDE_BLOCK_SEAM_VERSION */
	uint32_t hwirq;              /* raised when the front has written to its eventfd */
	struct dde_block_ring *ring; /* mapped with its data while the process lives */
	/* Watches the front's eventfd, or no more. Return: 0, -errno. */
	int32_t (*watch)(const struct dde_block_down *down, uint32_t on);
	/* Writes to the eventfd of the front. */
	void (*notify)(const struct dde_block_down *down);
	/* A disk's state, as in ring->disk[index]; disk, driver: borrowed for the call.
	 * One caller at a time. */
	void (*event)(const struct dde_block_down *down, uint32_t event, uint32_t index,
		      const char *driver, const struct dde_block_disk *disk);
};

/* Up-calls: for dde_request.fn, that is in task context, may sleep. */
struct dde_block_up {
	uint32_t version;
	uint32_t zero;
	/* Set by the host between dlopen and plugin_load. */
	const struct dde_block_down *down;
	/* arg: NULL. Waits for the driver's probe and a little for its first disk, tells
	 * of all disks and takes requests. Return: 0 (also without a disk: one may come),
	 * -ENODEV (the driver does not drive the device), -EPROTO, -ENOMEM, -errno. */
	int64_t (*attach)(void *arg);
	/* arg: NULL. Accepts no more requests, waits for those in flight, closes the
	 * disks. What was not issued stays in the ring. Return: 0. */
	int64_t (*detach)(void *arg);
};

/* The symbol the host looks up in the bridge's plugin: struct dde_block_up */
#define DDE_BLOCK_UP_SYMBOL "dde_block_up"

#endif
