/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Config space of an adopted device.  The function is on the runtime's root bus, at its real
 * address.  Emulated are: base address registers (bars.h); Interrupt Disable, which masks the
 * line; the enable bits of MSI and MSI-X, for which UIO has no interrupts: the runtime's
 * messages would overwrite memory.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <unistd.h>
#include "uio.h"

static uint32_t ones_of(uint32_t size)
{
	return ~0u >> (32 - 8 * size);
}

static int real_read(struct uio_pci *u, uint32_t reg, uint32_t size, uint32_t *ret)
{
	uint32_t value = 0;
	ssize_t n = pread(u->config_fd, &value, size, (off_t)reg);

	if (n < 0)
		return -EIO;
	/* Beyond a conventional device's 256 bytes: all-ones, as on a bus. */
	*ret = n == (ssize_t)size ? value : ones_of(size);
	return 0;
}

static int real_write(struct uio_pci *u, uint32_t reg, uint32_t size, uint32_t value)
{
	ssize_t n = pwrite(u->config_fd, &value, size, (off_t)reg);

	return n < 0 ? -EIO : 0;
}

/* ---- set-up --------------------------------------------------------------- */

/* PCI 3.0, 6.7 */
static int find_capabilities(struct uio_pci *u)
{
	uint32_t at, id = 0, hops;
	int err = real_read(u, PCI_CAPABILITY_LIST, 1, &at);

	for (hops = 0; at >= 0x40 && at != 0xff && hops < 48 && !err; hops++) {
		err = real_read(u, at, 1, &id);
		if (!err && id == PCI_CAP_ID_MSI)
			u->msi = (uint8_t)at;
		if (!err && id == PCI_CAP_ID_MSIX)
			u->msix = (uint8_t)at;
		if (!err)
			err = real_read(u, at + 1, 1, &at);
	}
	return err;
}

int uio_config_init(struct uio_pci *u)
{
	uint32_t low, command;
	unsigned int n;
	int err = real_read(u, PCI_COMMAND, 2, &command);

	if (!err && command == 0xffff)
		err = -EIO;
	for (n = 0; n < UIO_BARS && !err; n++) {
		err = real_read(u, PCI_BASE_ADDRESS_0 + 4 * n, 4, &low);
		if (!err)
			bars_set(&u->bars, n, low, u->region[n].size);
	}
	if (err)
		return err;
	u->command = (uint16_t)command & ~PCI_COMMAND_INTX_DISABLE;
	return find_capabilities(u);
}

/* ---- the command register --------------------------------------------------- */

int uio_config_line(struct uio_pci *u)
{
	uint16_t command = u->command;

	if (!u->line_unmasked)
		command |= PCI_COMMAND_INTX_DISABLE;
	return real_write(u, PCI_COMMAND, 2, command);
}

static bool in_command(uint32_t reg)
{
	return reg >= PCI_COMMAND && reg < PCI_COMMAND + 2;
}

/* The bit reads as the runtime wrote it. */
static uint32_t seen_command(const struct uio_pci *u, uint32_t reg, uint32_t value)
{
	unsigned int shift = 8 * (reg - PCI_COMMAND);
	uint32_t bit = (PCI_COMMAND_INTX_DISABLE >> shift);

	return (value & ~bit) | ((uint32_t)u->command >> shift & bit);
}

static int write_command(struct uio_pci *u, uint32_t reg, uint32_t size, uint32_t value)
{
	unsigned int shift = 8 * (reg - PCI_COMMAND);
	uint32_t mask = ones_of(size) << shift;
	int err;

	u->command = (uint16_t)((u->command & ~mask) | (value << shift & mask));
	err = uio_config_line(u);
	if (!err && size == 4)
		err = real_write(u, PCI_STATUS, 2, value >> 16);
	return err;
}

/* ---- MSI and MSI-X ----------------------------------------------------------- */

/* Bits of a write that must not reach the device: those of the control word at "at". */
static uint32_t forbidden_bits(uint32_t at, uint16_t bits, uint32_t reg, uint32_t size)
{
	uint64_t mask = bits;

	if (at + 2 <= reg || reg + size <= at)
		return 0;
	return (uint32_t)(at >= reg ? mask << 8 * (at - reg) : mask >> 8 * (reg - at)) &
	       ones_of(size);
}

static uint32_t without_messages(const struct uio_pci *u, uint32_t reg, uint32_t size,
				 uint32_t value)
{
	if (u->msi)
		value &= ~forbidden_bits(u->msi + (uint32_t)PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE,
					 reg, size);
	if (u->msix)
		value &= ~forbidden_bits(u->msix + (uint32_t)PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE,
					 reg, size);
	return value;
}

/* ---- accesses ----------------------------------------------------------------- */

static bool is_own_function(const struct uio_pci *u, uint8_t bus, uint8_t devfn)
{
	return bus == u->base.bdf.bus && devfn == ddekit_bdf_devfn(u->base.bdf);
}

int uio_config_read(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
		    uint32_t *ret)
{
	struct uio_pci *u = to_uio(pci);
	uint32_t value;
	int err = 0;

	if (!is_own_function(u, bus, devfn))
		return -ENODEV;
	pthread_mutex_lock(&u->lock);
	u->stats.config_reads++;
	if (bars_own(reg))
		value = bars_read(&u->bars, reg, size);
	else
		err = real_read(u, reg, size, &value);
	if (!err && in_command(reg))
		value = seen_command(u, reg, value);
	pthread_mutex_unlock(&u->lock);
	if (!err)
		*ret = value;
	return err;
}

int uio_config_write(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
		     uint32_t size, uint32_t value)
{
	struct uio_pci *u = to_uio(pci);
	int err = 0;

	if (!is_own_function(u, bus, devfn))
		return -ENODEV;
	value &= ones_of(size);
	pthread_mutex_lock(&u->lock);
	u->stats.config_writes++;
	if (bars_own(reg))
		bars_write(&u->bars, reg, size, value);
	else if (in_command(reg))
		err = write_command(u, reg, size, value);
	else
		err = real_write(u, reg, size, without_messages(u, reg, size, value));
	pthread_mutex_unlock(&u->lock);
	return err;
}
