/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A back for tests of the front: follows the ring's rules, in one process without a runtime; the
 * disk is a file.  It completes requests in random order.  It may be killed at any moment and
 * leaves nothing to reset: all its I/O is its own system calls.
 */
#ifndef TESTS_BLOCK_BACK_H
#define TESTS_BLOCK_BACK_H

#include "drivers/bridges/block/share.h"

struct back_options {
	const char *file;
	uint32_t block; /* logical block, bytes */
	uint32_t max_bytes;
	uint32_t delay_us;      /* longest delay before each completion */
	uint32_t error_percent; /* share of requests that fail */
	bool no_disk;           /* the disk was removed */
	uint64_t lost_offset;   /* requests there are never completed; 0: there are none */
	void (*ready)(void);    /* called once the disk is described; may be NULL */
};

#define BACK_NAME "sim0n1"
#define BACK_MODEL "Simulated disk"

uint64_t back_bytes(const char *file);
/* Never returns. */
void back_run(const struct block_share *share, const struct back_options *o)
	__attribute__((noreturn));

#endif
