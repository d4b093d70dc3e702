/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The class "block" in the messages of daemon/protocol/host.h: what is opaque there.
 * The class's file descriptors are of the ring: its memory (struct dde_block_ring,
 * DDE_BLOCK_TOTAL bytes), the eventfd from front to back, that from back to front.
 * It has no requests and no statistics. Host world.
 */
#ifndef DDE_BLOCK_PROTOCOL_H
#define DDE_BLOCK_PROTOCOL_H

#include <stdint.h>
#include "ring.h"

#define BLOCK_FDS 3

enum disk_event {
	DISK_PRESENT = 1, /* it is there, also after another of this index has gone */
	DISK_CHANGED = 2,
	DISK_GONE = 3, /* only its name and index are valid */
};

/* proto_export.data: a disk as in dde_block_ring.disk[index], index below
 * DDE_BLOCK_DISKS. */
struct block_export {
	uint32_t event; /* enum disk_event */
	uint32_t flags; /* DDE_BLOCK_D_* */
	uint32_t logical_block;
	uint32_t physical_block;
	uint64_t bytes;
	char name[32]; /* inside the runtime */
	char driver[32];
	char model[64];
	char serial[64];
	char wwid[96];
};

#endif
