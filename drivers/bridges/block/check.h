/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a request of the front's must be like.  Compiled in both worlds: the kernel half
 * uses it, a unit test feeds it.
 */
#ifndef DDE_BLOCK_CHECK_H
#define DDE_BLOCK_CHECK_H

#include "ring.h"

enum dde_block_verdict {
	DDE_BLOCK_FINE,
	DDE_BLOCK_MALFORMED,
	DDE_BLOCK_READ_ONLY,
	DDE_BLOCK_BEYOND, /* the end of the disk */
};

/* A slot's request, each member read once. */
struct dde_block_request {
	uint8_t op;
	uint8_t flags;
	uint16_t disk;
	uint32_t bytes;
	uint64_t offset;
};

static inline int dde_block_flags_fit(const struct dde_block_request *r)
{
	uint8_t allowed = 0;

	if (r->op == DDE_BLOCK_WRITE)
		allowed = DDE_BLOCK_FUA;
	else if (r->op == DDE_BLOCK_WRITE_ZEROES)
		allowed = DDE_BLOCK_FUA | DDE_BLOCK_NO_UNMAP;
	return !(r->flags & ~allowed);
}

/* logical, capacity: bytes of the disk's block and of the whole disk. */
static inline enum dde_block_verdict dde_block_check(const struct dde_block_request *r,
						     uint32_t logical, uint64_t capacity,
						     int read_only)
{
	if (r->op > DDE_BLOCK_WRITE_ZEROES || !dde_block_flags_fit(r))
		return DDE_BLOCK_MALFORMED;
	if (r->op == DDE_BLOCK_FLUSH)
		return r->bytes || r->offset ? DDE_BLOCK_MALFORMED : DDE_BLOCK_FINE;
	if (!r->bytes || r->bytes % logical || r->offset % logical)
		return DDE_BLOCK_MALFORMED;
	if (r->op <= DDE_BLOCK_WRITE && r->bytes > DDE_BLOCK_SLOT_BYTES)
		return DDE_BLOCK_MALFORMED;
	if (r->op != DDE_BLOCK_READ && read_only)
		return DDE_BLOCK_READ_ONLY;
	if (r->offset > capacity || r->bytes > capacity - r->offset)
		return DDE_BLOCK_BEYOND;
	return DDE_BLOCK_FINE;
}

#endif
