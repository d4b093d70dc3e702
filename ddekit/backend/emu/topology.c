/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI topology as the claim sees it: enable config space, number the buses, save every
 * function's config space; later reset the devices and restore that state, so that each driver
 * host finds the same machine.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "emu.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define Q35_PCIEXBAR 0x60
#define Q35_HOST_BRIDGE 0x29c08086u
#define IVSHMEM_ID 0x11101af4u

#define CFG_COMMAND 0x04
#define CFG_HEADER_TYPE 0x0e
#define CFG_BRIDGE_CONTROL 0x3e
#define COMMAND_MEMORY 0x0002u
#define BRIDGE_CONTROL_RESET 0x0040u
#define RESET_TRIES 1000

static void write_config(struct qtest *q, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
			 uint32_t value)
{
	qtest_write(q, SPACE_MEM, emu_config_addr(bus, devfn, reg), size, value);
}

static int read_config(struct qtest *q, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
		       uint32_t *ret)
{
	uint64_t v;

	if (qtest_read(q, SPACE_MEM, emu_config_addr(bus, devfn, reg), size, &v))
		return -EIO;
	*ret = (uint32_t)v;
	return 0;
}

static void write_q35(struct qtest *q, uint32_t reg, uint32_t value)
{
	qtest_write(q, SPACE_IO, CONFIG_ADDRESS, 4, 0x80000000u | reg);
	qtest_write(q, SPACE_IO, CONFIG_DATA, 4, value);
}

/* ECAM on, doorbell in place. */
static int setup_machine(struct qtest *q, char **ret_why)
{
	uint8_t doorbell = EMU_SLOT_DOORBELL << 3;
	uint32_t id;

	write_q35(q, Q35_PCIEXBAR + 4, 0);
	write_q35(q, Q35_PCIEXBAR, (uint32_t)EMU_ECAM | 1);
	if (read_config(q, 0, 0, 0, 4, &id))
		return -EIO;
	if (id != Q35_HOST_BRIDGE)
		return why(ret_why, -ENODEV, "QEMU's host bridge is %04x:%04x, not q35's 8086:29c0",
			   id & 0xffff, id >> 16);
	if (read_config(q, 0, doorbell, 0, 4, &id))
		return -EIO;
	if (id != IVSHMEM_ID)
		return why(ret_why, -ENODEV, "QEMU's doorbell device is %04x:%04x, not 1af4:1110",
			   id & 0xffff, id >> 16);
	write_config(q, 0, doorbell, CFG_BAR0, 4, (uint32_t)EMU_DOORBELL);
	write_config(q, 0, doorbell, CFG_COMMAND, 2, COMMAND_MEMORY);
	return 0;
}

/* Adds a function if it exists. Return: 0, -ENODEV, -EIO, … */
static int function_add(struct emu_topology *t, struct qtest *q, uint8_t bus, uint8_t devfn,
			bool *ret_multi)
{
	struct emu_function *f;
	uint32_t id, type;

	if (read_config(q, bus, devfn, 0, 4, &id))
		return -EIO;
	if ((id & 0xffff) == 0xffff)
		return -ENODEV;
	if (t->n == EMU_MAX_FUNCTIONS)
		return -E2BIG;
	if (read_config(q, bus, devfn, CFG_HEADER_TYPE, 1, &type))
		return -EIO;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->bus = bus;
	f->devfn = devfn;
	f->bridge = (type & 0x7f) == 1;
	t->fn[t->n++] = f;
	*ret_multi = type & 0x80;
	return 0;
}

static int scan_bus(struct emu_topology *t, struct qtest *q, uint8_t bus, uint32_t hidden_slots)
{
	unsigned int slot, fn;
	int err;

	for (slot = 0; slot < 32; slot++) {
		bool multi = false, dummy;

		if (hidden_slots >> slot & 1)
			continue;
		err = function_add(t, q, bus, (uint8_t)(slot << 3), &multi);
		for (fn = 1; multi && !err && fn < 8; fn++) {
			err = function_add(t, q, bus, (uint8_t)(slot << 3 | fn), &dummy);
			err = err == -ENODEV ? 0 : err;
		}
		if (err && err != -ENODEV)
			return err;
	}
	return 0;
}

/* Numbers the buses behind the root bus's bridges from 1 and scans them. Further
 * bridges behind those are left for the driver host to number. */
static int number_buses(struct emu_topology *t, struct qtest *q)
{
	unsigned int i, on_root = t->n;
	uint8_t next = 1;
	int err;

	for (i = 0; i < on_root; i++) {
		struct emu_function *f = t->fn[i];

		if (!f->bridge)
			continue;
		f->secondary = next++;
		write_config(q, 0, f->devfn, CFG_PRIMARY, 4,
			     (uint32_t)f->secondary << 16 | (uint32_t)f->secondary << 8);
		/* A PCIe port has one device below it: slot 0. */
		err = scan_bus(t, q, f->secondary, 0xfffffffe);
		if (err)
			return err;
	}
	return 0;
}

static int function_read(struct qtest *q, const struct emu_function *f, uint32_t *config,
			 uint32_t size)
{
	return qtest_read_block(q, emu_config_addr(f->bus, f->devfn, 0), config, size);
}

/* Bytes of config space in use: only zeros follow, and reading 4 KiB from QEMU takes
 * long. */
static uint32_t function_size(const struct emu_function *f)
{
	uint32_t n = 1024;

	while (n > 256 / 4 && !f->config[n - 1])
		n--;
	return n * 4;
}

int emu_topology_init(struct emu_topology *t, struct qtest *q, char **ret_why)
{
	unsigned int i;
	int err;

	err = setup_machine(q, ret_why);
	if (err)
		return err;
	err = scan_bus(t, q, 0, EMU_HIDDEN_SLOTS);
	if (!err)
		err = number_buses(t, q);
	for (i = 0; !err && i < t->n; i++)
		err = function_read(q, t->fn[i], t->fn[i]->config, sizeof(t->fn[i]->config));
	if (err == -E2BIG)
		why(ret_why, err, "more than %d functions in QEMU", EMU_MAX_FUNCTIONS);
	return err;
}

void emu_topology_finish(struct emu_topology *t)
{
	while (t->n)
		free(t->fn[--t->n]);
}

/* ---- restoring the state after the claim ---------------------------------- */

static const uint16_t *function_halves(const uint32_t *config)
{
	return (const uint16_t *)config;
}

/*
 * Writes what differs, 16 bits at a time, so that a status register is not written along with
 * its control register.  What differs after that is a status bit that is cleared by writing
 * one; the rest is read-only.
 */
static int function_restore(struct qtest *q, const struct emu_function *f)
{
	const uint16_t *want = function_halves(f->config);
	uint32_t config[1024], size = function_size(f), i;
	bool differs = true;
	int pass;

	for (pass = 0; pass < 2 && differs; pass++) {
		if (function_read(q, f, config, size))
			return -EIO;
		differs = false;
		for (i = 0; i < size / 2; i++) {
			uint16_t is = function_halves(config)[i];

			if (is == want[i])
				continue;
			write_config(q, f->bus, f->devfn, i * 2, 2, pass ? is & ~want[i] : want[i]);
			differs = true;
		}
	}
	return 0;
}

static int functions_restore(struct emu_topology *t, struct qtest *q, bool bridges)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < t->n; i++)
		if (t->fn[i]->bridge == bridges)
			err = function_restore(q, t->fn[i]);
	return err;
}

/* Stops DMA and message interrupts. */
static void functions_silence(struct emu_topology *t, struct qtest *q)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		write_config(q, t->fn[i]->bus, t->fn[i]->devfn, CFG_COMMAND, 2, 0);
}

static void pulse_reset(struct emu_topology *t, struct qtest *q)
{
	unsigned int i;

	for (i = 0; i < t->n; i++) {
		struct emu_function *f = t->fn[i];
		uint32_t control = f->config[CFG_BRIDGE_CONTROL / 4] >> 16;

		if (!f->bridge)
			continue;
		write_config(q, f->bus, f->devfn, CFG_BRIDGE_CONTROL, 2,
			     control | BRIDGE_CONTROL_RESET);
		write_config(q, f->bus, f->devfn, CFG_BRIDGE_CONTROL, 2,
			     control & ~BRIDGE_CONTROL_RESET);
	}
}

static int function_wait(struct qtest *q, const struct emu_function *f)
{
	unsigned int tries;
	uint32_t id;

	for (tries = 0; tries < RESET_TRIES; tries++) {
		if (read_config(q, f->bus, f->devfn, 0, 4, &id))
			return -EIO;
		if (id == f->config[0])
			return 0;
	}
	return -EIO;
}

int emu_topology_reset(struct emu_topology *t, struct qtest *q)
{
	unsigned int i;
	int err;

	/* Bridges first: the driver may have changed the bus numbers. */
	err = functions_restore(t, q, true);
	if (err)
		return err;
	functions_silence(t, q);
	pulse_reset(t, q);
	for (i = 0; !err && i < t->n; i++)
		err = function_wait(q, t->fn[i]);
	if (!err)
		err = functions_restore(t, q, false);
	if (!err)
		err = functions_restore(t, q, true);
	return err ? err : qtest_drain(q);
}
