/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before pktgen.c: makes it read commands from kernel memory.  The runtime has no
 * processes with user memory; dde_pktgen.c writes commands from the kernel's.
 */
#ifndef DDE_BENCH_COMMANDS_H
#define DDE_BENCH_COMMANDS_H

#include <linux/string.h>
#include <linux/uaccess.h>

#undef get_user
#define get_user(x, from) \
	({ \
		(x) = *(const __force typeof(x) *)(from); \
		0; \
	})
#define copy_from_user(to, from, n) (memcpy(to, (const __force void *)(from), n), 0ul)

#undef pr_fmt /* pktgen.c has its own */

#endif
