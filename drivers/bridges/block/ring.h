/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that a device's front (the process that serves its disks to the host)
 * and its back (the driver host) share.  It belongs to the device, as the TAP does:
 * ddekitd makes it, and it outlives every driver host, with the requests in it.  It is a
 * memfd of DDE_BLOCK_TOTAL bytes, sealed against shrinking (F_SEAL_SHRINK), and begins
 * with magic, version, slots and slot_bytes set, all else 0.
 *
 *	front: takes a free slot, fills it, state = SUBMITTED, sets its bit in submitted[],
 *	       writes to the back's eventfd
 *	back:  takes the bits, state = ISSUED, gives the request to the driver; result,
 *	       state = DONE, sets the bit in done[], writes to the front's eventfd
 *	front: takes the bits, answers its client, state = FREE
 *
 * A new back takes the place of a dead one only after the device was reset: nothing of
 * what the old one issued can still reach the medium.  It issues every slot that is
 * SUBMITTED or ISSUED again.  All operations may be repeated.  A slot that is DONE stays so.
 *
 * Neither side believes the other: each reads a field once, then checks it.
 * Compiled in both worlds; all fields in the machine's byte order.
 */
#ifndef DDE_BLOCK_RING_H
#define DDE_BLOCK_RING_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define DDE_BLOCK_RING_MAGIC 0x6b6c622d656464ull /* "dde-blk" */
#define DDE_BLOCK_RING_VERSION 1u
#define DDE_BLOCK_SLOTS 256u              /* requests in flight, at most */
#define DDE_BLOCK_SLOT_BYTES (256u << 10) /* data of one request, at most */
#define DDE_BLOCK_DISKS 32u
#define DDE_BLOCK_WORDS (DDE_BLOCK_SLOTS / 64)

enum dde_block_op {
	DDE_BLOCK_READ,
	DDE_BLOCK_WRITE,
	DDE_BLOCK_FLUSH,        /* offset and bytes are 0 */
	DDE_BLOCK_DISCARD,      /* no data; contents undefined afterwards */
	DDE_BLOCK_WRITE_ZEROES, /* no data */
};

enum {
	DDE_BLOCK_FUA = 1u << 0,      /* WRITE and WRITE_ZEROES: on the medium before DONE */
	DDE_BLOCK_NO_UNMAP = 1u << 1, /* WRITE_ZEROES: keep the blocks allocated */
};

enum dde_block_state {
	DDE_BLOCK_FREE,      /* the front's */
	DDE_BLOCK_SUBMITTED, /* the back's, not looked at yet */
	DDE_BLOCK_ISSUED,    /* the back's, with the driver */
	DDE_BLOCK_DONE,      /* the front's, result is valid */
};

struct dde_block_slot {
	uint32_t state; /* enum dde_block_state; release on write, acquire on read */
	uint8_t op;
	uint8_t flags;
	uint16_t disk;   /* index in disk[] */
	uint64_t offset; /* bytes, a multiple of the disk's logical block */
	uint32_t bytes;  /* likewise; data ops: at most DDE_BLOCK_SLOT_BYTES,
				 * others: as the disk's limits allow */
	int32_t result;  /* 0 or -errno as the kernel's block layer gives it */
	uint64_t cookie; /* the front's own */
};

enum {
	DDE_BLOCK_D_PRESENT = 1u << 0,
	DDE_BLOCK_D_READ_ONLY = 1u << 1,
	DDE_BLOCK_D_ROTATIONAL = 1u << 2,
	DDE_BLOCK_D_WRITE_CACHE = 1u << 3, /* FLUSH means something */
	DDE_BLOCK_D_FUA = 1u << 4,         /* the device does FUA itself */
};

/* A disk as the runtime's block layer describes it.  Written by the back while sequence
 * is odd, even otherwise; sequence 0: never used.  An index keeps its disk (by its
 * wwid or serial and name) across restarts of the driver. */
struct dde_block_disk {
	uint32_t sequence;
	uint32_t flags; /* DDE_BLOCK_D_* */
	char name[32];  /* the runtime's name, "nvme0n1" */
	char model[64];
	char serial[64];
	char wwid[96];          /* "eui.…", "naa.…", "t10.…"; empty if it has none */
	uint64_t bytes;         /* capacity */
	uint32_t logical_block; /* bytes */
	uint32_t physical_block;
	uint32_t io_min;
	uint32_t io_opt;
	uint32_t max_bytes;           /* of a read or write */
	uint32_t discard_granularity; /* 0: no discard */
	uint64_t max_discard_bytes;
	uint64_t max_zeroes_bytes; /* 0: no write-zeroes by the device */
	uint64_t zero[4];
};

struct dde_block_ring {
	uint64_t magic;
	uint32_t version;
	uint32_t slots;      /* DDE_BLOCK_SLOTS */
	uint32_t slot_bytes; /* DDE_BLOCK_SLOT_BYTES */
	uint32_t attached;   /* counts the backs that took over; each adds 1 */
	uint64_t zero[5];
	uint64_t submitted[DDE_BLOCK_WORDS]; /* front sets, back takes: atomic or, exchange */
	uint64_t done[DDE_BLOCK_WORDS];      /* back sets, front takes */
	struct dde_block_disk disk[DDE_BLOCK_DISKS];
	struct dde_block_slot slot[DDE_BLOCK_SLOTS];
};

/* The slots' data follows at a multiple of 2 MiB: slot n's at
 * DDE_BLOCK_DATA + n * DDE_BLOCK_SLOT_BYTES. */
#define DDE_BLOCK_DATA (2ull << 20)
#define DDE_BLOCK_TOTAL (DDE_BLOCK_DATA + (uint64_t)DDE_BLOCK_SLOTS * DDE_BLOCK_SLOT_BYTES)

#endif
