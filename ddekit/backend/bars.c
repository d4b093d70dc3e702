/* SPDX-License-Identifier: GPL-2.0-only */
/* See bars.h. Register layout: PCI Local Bus Specification 3.0, 6.2.5. */
#include <linux/pci_regs.h>
#include "bars.h"

/* Where the runtime may put them; nothing else of its address space is there. */
#define MEM_BASE 0xe0000000ull
#define MEM_SIZE 0x10000000ull
#define MEM64_BASE 0x8000000000ull
/* Of a 64-bit register that has to be below 4 GiB: six of them fit. */
#define MEM_LARGEST 0x2000000ull
#define IO_BASE 0xc000u
#define IO_SIZE 0x1000u

void bars_set(struct bars *b, unsigned int n, uint32_t low, uint64_t size)
{
	struct bar *bar = &b->bar[n];

	if (bar->kind == BAR_UPPER)
		return;
	*bar = (struct bar){ .size = size };
	if (!size)
		return;
	if (n == BARS_ROM) {
		bar->kind = BAR_ROM;
	} else if (low & PCI_BASE_ADDRESS_SPACE_IO) {
		bar->kind = BAR_IO;
	} else {
		bar->prefetch = low & PCI_BASE_ADDRESS_MEM_PREFETCH;
		bar->kind = BAR_MEM32;
		if ((low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64 &&
		    n + 1 < BARS_ROM) {
			bar->kind = BAR_MEM64;
			bar->prefetch |= size > MEM_LARGEST;
			b->bar[n + 1] = (struct bar){ .kind = BAR_UPPER };
		}
	}
}

bool bars_own(uint32_t reg)
{
	return (reg >= PCI_BASE_ADDRESS_0 && reg < PCI_BASE_ADDRESS_5 + 4) ||
	       (reg >= PCI_ROM_ADDRESS && reg < PCI_ROM_ADDRESS + 4);
}

static unsigned int bar_index(uint32_t reg)
{
	return reg >= PCI_ROM_ADDRESS ? BARS_ROM : (reg - PCI_BASE_ADDRESS_0) / 4;
}

/* Bits that can be written; the others are zero or the type. */
static uint32_t bar_address_mask(const struct bars *b, unsigned int n)
{
	const struct bar *bar = &b->bar[n];

	switch (bar->kind) {
	case BAR_NONE:
		return 0;
	case BAR_UPPER:
		return (uint32_t)(~(b->bar[n - 1].size - 1) >> 32);
	case BAR_ROM:
		return ((uint32_t) ~(bar->size - 1) & PCI_ROM_ADDRESS_MASK) |
		       PCI_ROM_ADDRESS_ENABLE;
	default:
		return (uint32_t) ~(bar->size - 1);
	}
}

static uint32_t bar_type_bits(const struct bar *bar)
{
	switch (bar->kind) {
	case BAR_IO:
		return PCI_BASE_ADDRESS_SPACE_IO;
	case BAR_MEM64:
		return PCI_BASE_ADDRESS_MEM_TYPE_64 |
		       (bar->prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0);
	case BAR_MEM32:
		return bar->prefetch ? PCI_BASE_ADDRESS_MEM_PREFETCH : 0;
	default:
		return 0;
	}
}

uint32_t bars_read(const struct bars *b, uint32_t reg, uint32_t size)
{
	const struct bar *bar = &b->bar[bar_index(reg)];
	uint32_t v = bar->value | bar_type_bits(bar);

	return v >> 8 * (reg & 3) & ~0u >> (32 - 8 * size);
}

void bars_write(struct bars *b, uint32_t reg, uint32_t size, uint32_t value)
{
	unsigned int n = bar_index(reg), shift = 8 * (reg & 3);
	uint32_t changed = ~0u >> (32 - 8 * size) << shift;
	struct bar *bar = &b->bar[n];

	bar->value = ((bar->value & ~changed) | (value << shift & changed)) &
		     bar_address_mask(b, n);
}

static uint64_t bar_address(const struct bars *b, unsigned int n)
{
	const struct bar *bar = &b->bar[n];
	uint64_t addr = bar->value;

	if (bar->kind == BAR_MEM64)
		addr |= (uint64_t)b->bar[n + 1].value << 32;
	if (bar->kind == BAR_ROM)
		addr &= PCI_ROM_ADDRESS_MASK;
	return addr;
}

bool bars_find(const struct bars *b, enum access_space space, uint64_t addr, uint64_t len,
	       unsigned int *ret_n, uint64_t *ret_offset)
{
	unsigned int n;

	for (n = 0; n < BARS_N; n++) {
		const struct bar *bar = &b->bar[n];
		uint64_t base = bar_address(b, n);

		if (!bar->size || !base || (bar->kind == BAR_IO) != (space == SPACE_IO))
			continue;
		if (addr < base || len > bar->size || addr - base > bar->size - len)
			continue;
		*ret_n = n;
		*ret_offset = addr - base;
		return true;
	}
	return false;
}

void bars_windows(const struct bars *b, struct ddekit_pci_windows *ret)
{
	uint64_t big = 0, room = 0x200000;
	bool io = false;
	unsigned int n;

	for (n = 0; n < BARS_N; n++) {
		const struct bar *bar = &b->bar[n];

		io |= bar->kind == BAR_IO;
		if (bar->kind == BAR_MEM64 && bar->prefetch)
			big += bar->size;
	}
	*ret = (struct ddekit_pci_windows){ .mem_base = { MEM_BASE }, .mem_size = MEM_SIZE };
	if (big) { /* twice the sum holds any order of powers of two */
		while (room < 2 * big)
			room *= 2;
		ret->mem64_base.v = MEM64_BASE;
		ret->mem64_size = room;
	}
	if (io) {
		ret->io_base = IO_BASE;
		ret->io_size = IO_SIZE;
	}
}
