/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of config space that never changes, handed over with the device.  A kernel walks
 * the capability lists many times, each step a request to another process, and it looks for
 * functions that do not exist.
 *
 * Constant are the ids, the header type, the interrupt pin and the headers of
 * the capabilities (PCI 3.0, 6.1 and 6.7; PCIe 4.0, 7.6.3).  If the bus number of a bridge on
 * the root bus changes, functions move: only the root bus is known until the number is
 * restored.
 */
#include <string.h>
#include "emu.h"

#define CFG_STATUS 0x06
#define STATUS_CAPABILITIES 0x10u
#define CFG_EXTENDED 0x100
#define CONFIG_SIZE 4096u
#define MAX_CAPABILITIES 48

/* ---- the claim makes the table ---------------------------------------------- */

static void constant_add(struct emu_constants *c, const struct emu_function *f, uint32_t reg,
			 uint32_t mask)
{
	if (c->n == EMU_MAX_CONSTANTS)
		return;
	c->at[c->n++] = (struct emu_constant){ .bus = f->bus,
					       .devfn = f->devfn,
					       .reg = (uint16_t)(reg & ~3u),
					       .mask = mask,
					       .value = f->config[reg / 4] & mask };
}

static void add_capabilities(struct emu_constants *c, const struct emu_function *f)
{
	uint32_t at, n;

	if (!(f->config[CFG_STATUS / 4] >> 16 & STATUS_CAPABILITIES))
		return;
	constant_add(c, f, CFG_CAPABILITIES, 0xff);
	at = f->config[CFG_CAPABILITIES / 4] & 0xfc;
	for (n = 0; at >= 0x40 && n < MAX_CAPABILITIES; n++) {
		constant_add(c, f, at, 0xffff);
		at = f->config[at / 4] >> 8 & 0xfc;
	}
}

static void add_extended(struct emu_constants *c, const struct emu_function *f)
{
	uint32_t at = CFG_EXTENDED, n;

	for (n = 0; at >= CFG_EXTENDED && n < MAX_CAPABILITIES; n++) {
		constant_add(c, f, at, 0xffffffff);
		at = f->config[at / 4] >> 20 & 0xffc;
	}
}

void emu_constants_make(struct emu_constants *c, const struct emu_topology *t)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < t->n; i++) {
		const struct emu_function *f = t->fn[i];

		if (f->bus == 0)
			c->present[f->devfn >> 3] |= (uint8_t)(1u << (f->devfn & 7));
		if (f->bus == 0 && f->bridge)
			c->bridge[c->n_bridges++] = (struct emu_bridge){
				.devfn = f->devfn, .secondary = f->secondary
			};
		constant_add(c, f, 0x00, 0xffffffff); /* vendor, device */
		constant_add(c, f, 0x08, 0xffffffff); /* revision, class */
		constant_add(c, f, 0x0c, 0x00ff0000); /* header type */
		if (!f->bridge)
			constant_add(c, f, 0x2c, 0xffffffff); /* subsystem */
		constant_add(c, f, 0x3c, 0x0000ff00);         /* interrupt pin */
		add_capabilities(c, f);
		add_extended(c, f);
	}
}

/* ---- the driver host reads it ------------------------------------------------ */

bool emu_constants_absent(const struct emu_constants *c, uint8_t bus, uint8_t devfn)
{
	return bus == 0 && !(c->present[devfn >> 3] >> (devfn & 7) & 1);
}

bool emu_constants_find(const struct emu_constants *c, uint8_t bus, uint8_t devfn, uint32_t reg,
			uint32_t size, uint32_t *ret)
{
	uint32_t shift = (reg & 3) * 8, bits = (uint32_t)(~0ull >> (64 - 8 * size));
	unsigned int i;

	if ((c->renumbered && bus != 0) || reg >= CONFIG_SIZE)
		return false;
	for (i = 0; i < c->n; i++) {
		const struct emu_constant *k = &c->at[i];

		if (k->bus != bus || k->devfn != devfn || k->reg != (reg & ~3u))
			continue;
		if ((k->mask >> shift & bits) != bits)
			return false;
		*ret = k->value >> shift & bits;
		return true;
	}
	return false;
}

void emu_constants_saw_write(struct emu_constants *c, uint8_t bus, uint8_t devfn, uint32_t reg,
			     uint32_t size, uint32_t value)
{
	unsigned int i;
	uint8_t secondary;

	if (bus != 0 || reg > CFG_SECONDARY || reg + size <= CFG_SECONDARY)
		return;
	secondary = (uint8_t)(value >> (CFG_SECONDARY - reg) * 8);
	for (i = 0; i < c->n_bridges; i++) {
		if (c->bridge[i].devfn != devfn)
			continue;
		c->renumbered &= ~(1u << i);
		c->renumbered |= (uint32_t)(secondary != c->bridge[i].secondary) << i;
	}
}
