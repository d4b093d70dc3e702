/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between QEMU's device models and the devices that an unmodified driver notices.
 * One table; an entry says what the device does and what the model does; the workaround is
 * applied here.
 */
#include <stddef.h>
#include "emu.h"

struct emu_quirk {
	const char *name;
	uint32_t id;     /* device << 16 | vendor */
	uint8_t bar;     /* index */
	uint32_t offset; /* of the register, in the BAR */
	uint32_t size;
	/* After a read of the register, those of these bits that were set are written
	 * back. */
	uint32_t write_back;
};

static const struct emu_quirk quirks[] = {
	/*
	 * 82574, ICR: reading clears it.  QEMU 7.2's e1000e keeps it when MSI-X
	 * is on, and sends no further "other" interrupt while one of those bits
	 * stays set: link changes after the first go unseen.  Only the causes of
	 * that interrupt are written back: LSC, RXO, MDAC, SRPD, ACK, MNG, OTHER.
	 */
	{ "82574-icr", 0x10d38086, 0, 0xc0, 4, 0x01070244 },
};

#define N_QUIRKS (sizeof(quirks) / sizeof(quirks[0]))

/*
 * Functions whose drivers tolerate late writes.  Others do not: a driver that acknowledges an
 * interrupt by a write and then reads a ring in memory relies on the device seeing the write
 * first, as it does within a microsecond on a bus.  A write that is still buffered would
 * acknowledge an event that came after the driver read the ring, and its interrupt would be
 * lost (8139cp).
 */
static const uint32_t late_writes_do[] = {
	0x000c1b36, /* QEMU's root port */
	0x10d38086, /* 82574 by MSI-X: causes clear themselves */
};

#define N_LATE_WRITES_DO (sizeof(late_writes_do) / sizeof(late_writes_do[0]))

static bool is_strict(uint32_t id)
{
	unsigned int i;

	if (id == 0xffffffff)
		return false;
	for (i = 0; i < N_LATE_WRITES_DO; i++)
		if (late_writes_do[i] == id)
			return false;
	return true;
}

static void quirk_forget(struct emu_pci *e, uint8_t bus, uint8_t devfn)
{
	unsigned int i = 0;

	while (i < e->n_quirks)
		if (e->quirk[i].bus == bus && e->quirk[i].devfn == devfn)
			e->quirk[i] = e->quirk[--e->n_quirks];
		else
			i++;
}

void emu_quirk_saw_id(struct emu_pci *e, uint8_t bus, uint8_t devfn, uint32_t id)
{
	unsigned int i, k;

	e->strict |= is_strict(id);
	for (i = 0; i < e->n_quirks; i++)
		if (e->quirk[i].bus == bus && e->quirk[i].devfn == devfn &&
		    e->quirk[i].quirk->id == id)
			return;
	quirk_forget(e, bus, devfn);
	for (k = 0; k < N_QUIRKS && e->n_quirks < EMU_MAX_QUIRKS; k++)
		if (quirks[k].id == id)
			e->quirk[e->n_quirks++] = (struct emu_quirk_user){ .quirk = &quirks[k],
									   .bus = bus,
									   .devfn = devfn };
}

void emu_quirk_saw_write(struct emu_pci *e, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
			 uint32_t value)
{
	unsigned int i;

	for (i = 0; i < e->n_quirks; i++) {
		struct emu_quirk_user *u = &e->quirk[i];

		if (u->bus == bus && u->devfn == devfn && size == 4 &&
		    reg == CFG_BAR0 + 4u * u->quirk->bar)
			u->bar = value & ~0xfu;
	}
}

void emu_quirk_after_read(struct emu_pci *e, uint64_t addr, uint32_t size, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < e->n_quirks; i++) {
		const struct emu_quirk_user *u = &e->quirk[i];

		if (addr == u->bar + u->quirk->offset && size == u->quirk->size && u->bar &&
		    value & u->quirk->write_back) {
			qtest_write(&e->qt, SPACE_MEM, addr, size, value & u->quirk->write_back);
			qtest_flush(&e->qt);
		}
	}
}
