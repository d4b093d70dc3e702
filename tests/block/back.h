/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A back for tests of the front: keeps the ring's rules, in one process without a
 * runtime; the disk is a file.  Answers come in any order.  It may be killed at any
 * moment; as it does no I/O but by its own system calls, nothing has to be reset.
 */
#ifndef TESTS_BLOCK_BACK_H
#define TESTS_BLOCK_BACK_H

#include "drivers/bridges/block/share.h"

struct back_options {
	const char *file;
	uint32_t block;			/* logical block, bytes */
	uint32_t max_bytes;
	uint32_t delay_us;		/* before each answer, at most */
	uint32_t error_percent;		/* of the answers are errors */
	bool no_disk;			/* it has gone */
	void (*ready)(void);		/* the disk is described; or NULL */
};

#define BACK_NAME "sim0n1"
#define BACK_MODEL "Simulated disk"

uint64_t back_bytes(const char *file);
/* Never returns. */
void back_run(const struct block_share *share, const struct back_options *o)
	__attribute__((noreturn));

#endif
