/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Base address registers of a real function as the runtime sees them.  The runtime
 * assigns bus addresses of its own; the device's real registers belong to the host
 * kernel and are never written.  Private to ddekit/; the caller locks.
 */
#ifndef DDEKIT_BARS_H
#define DDEKIT_BARS_H

#include <stdbool.h>
#include <stdint.h>
#include "../backend.h"

#define BARS_N 7 /* six, and the expansion ROM (PCI 3.0, 6.2.5) */
#define BARS_ROM 6

enum bar_kind { BAR_NONE, BAR_IO, BAR_MEM32, BAR_MEM64, BAR_UPPER, BAR_ROM };

struct bar {
	enum bar_kind kind;
	/* The kernel puts only prefetchable registers above 4 GiB, so a large 64-bit one
	 * claims to be prefetchable: nothing here reads ahead. */
	bool prefetch;
	uint64_t size;  /* bytes, a power of two; of an upper half 0 */
	uint32_t value; /* address bits as written last */
};

struct bars {
	struct bar bar[BARS_N];
};

/* Declares register n. @low: the value of the real register, for its type bits;
 * @size: bytes, 0: there is none. */
void bars_set(struct bars *b, unsigned int n, uint32_t low, uint64_t size);
/* Is a config register one of them? reg is aligned to size. */
bool bars_own(uint32_t reg);
uint32_t bars_read(const struct bars *b, uint32_t reg, uint32_t size);
void bars_write(struct bars *b, uint32_t reg, uint32_t size, uint32_t value);
/* Finds the register whose range contains [addr, addr + len). Return: false: there is
 * none, *ret_n and *ret_offset (in the register's range) are untouched. */
bool bars_find(const struct bars *b, enum access_space space, uint64_t addr, uint64_t len,
	       unsigned int *ret_n, uint64_t *ret_offset);
/* Windows with room for all registers; the caller sets root_bus. */
void bars_windows(const struct bars *b, struct ddekit_pci_windows *ret);

#endif
