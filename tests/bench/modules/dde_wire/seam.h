/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells a counting QEMU (tests/bench/vm/counter) that what is to be counted begins
 * or ends: an instruction that does nothing and names the event. It costs nothing
 * else, in any mode of the processor. Included in both worlds; includes nothing.
 */
#ifndef DDE_WIRE_SEAM_H
#define DDE_WIRE_SEAM_H

#define MARK_MAGIC	0x0dde0000
#define MARK_START	1	/* counters to zero */
#define MARK_STOP	2	/* counters to the file */

/* A seven-byte nop whose displacement carries the event. */
#define mark(event)							\
	asm volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" : :		\
		     "i" (MARK_MAGIC | (event)) : "memory")

#endif
