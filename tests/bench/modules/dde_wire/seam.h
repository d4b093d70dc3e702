/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks begin and end of the counted part for a counting QEMU (tests/bench/vm/counter): an
 * instruction that does nothing and encodes the event, in any mode of the processor. For both
 * worlds; includes nothing.
 */
#ifndef DDE_WIRE_SEAM_H
#define DDE_WIRE_SEAM_H

#define MARK_MAGIC 0x0dde0000
#define MARK_START 1 /* counters to zero */
#define MARK_STOP 2  /* counters to the file */

/* A seven-byte nop; its displacement is the event. */
#define mark(event) \
	asm volatile(".byte 0x0f, 0x1f, 0x80\n\t.long %c0" : : "i"(MARK_MAGIC | (event)) : "memory")

#endif
