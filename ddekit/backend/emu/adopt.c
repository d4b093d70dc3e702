/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unprivileged half of the emu backend: the device of a handover.  It opens
 * nothing: all files came with the handover.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "emu.h"

/* ---- life ----------------------------------------------------------------- */

void emu_close(struct ddekit_pci *pci)
{
	struct emu_pci *e = to_emu(pci);
	unsigned int i;

	qtest_flush(&e->qt); /* the driver's last writes */
	pool_unmap(&e->base.pool);
	fd_close(&e->ram_fd);
	fd_close(&e->qtest_fd);
	for (i = 0; i < e->n_vectors; i++)
		fd_close(&e->vector[i].fd);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static int blob_read(const struct ddekit_handover *h, struct emu_blob *ret)
{
	if (h->blob_len != sizeof(*ret))
		return -EPROTO;
	memcpy(ret, h->blob, sizeof(*ret));
	if (ret->magic != EMU_BLOB_MAGIC || ret->n_vectors > EMU_VECTORS ||
	    ret->constants.n > EMU_MAX_CONSTANTS || ret->constants.n_bridges > EMU_MAX_FUNCTIONS ||
	    h->n_fds != EMU_FD_VECTORS + ret->n_vectors || h->pool_fd != EMU_FD_RAM)
		return -EPROTO;
	return 0;
}

int emu_adopt(const struct ddekit_handover *h, struct ddekit_pci **ret)
{
	struct emu_blob blob;
	struct emu_pci *e;
	int err = blob_read(h, &blob);

	e = err ? NULL : calloc(1, sizeof(*e));
	if (!e) {
		handover_close(h);
		return err ? err : -ENOMEM;
	}
	pthread_mutex_init(&e->lock, NULL);
	e->ram_fd = h->fds[EMU_FD_RAM];
	e->qtest_fd = h->fds[EMU_FD_QTEST];
	e->n_vectors = blob.n_vectors;
	emu_lines_init(e, h->fds + EMU_FD_VECTORS);
	qtest_init(&e->qt, e->qtest_fd);
	e->qt.lines = blob.lines;
	e->constants = blob.constants;
	e->base.service_fd = e->qtest_fd;
	e->base.windows = (struct ddekit_pci_windows){ .mem_base = { EMU_MEM_BASE },
						       .mem_size = EMU_MEM_SIZE,
						       .io_base = EMU_IO_BASE,
						       .io_size = EMU_IO_SIZE };
	err = pool_map(&e->base.pool, h, e->ram_fd);
	if (err) {
		emu_close(&e->base);
		return err;
	}
	*ret = &e->base;
	return 0;
}

/* ---- config space --------------------------------------------------------- */

/* QEMU reads all-ones where nothing is. Locked. Return: 0, -ENODEV, -EIO. */
static int check_present(struct emu_pci *e, uint8_t bus, uint8_t devfn)
{
	uint64_t vendor;

	if (qtest_read(&e->qt, SPACE_MEM, emu_config_addr(bus, devfn, 0), 2, &vendor))
		return -EIO;
	return vendor == 0xffff ? -ENODEV : 0;
}

/* Lock held. Return: 0, -ENODEV, -EIO. */
static int config_read(struct emu_pci *e, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
		       uint32_t *ret)
{
	uint64_t v;

	if (e->qt.dead)
		return -EIO;
	if (emu_constants_find(&e->constants, bus, devfn, reg, size, ret))
		return 0;
	if (qtest_read(&e->qt, SPACE_MEM, emu_config_addr(bus, devfn, reg), size, &v))
		return -EIO;
	*ret = (uint32_t)v;
	return v == ~0ull >> (64 - 8 * size) ? check_present(e, bus, devfn) : 0;
}

int emu_config_read(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
		    uint32_t *ret)
{
	struct emu_pci *e = to_emu(pci);
	uint32_t v;
	int err;

	if (emu_constants_absent(&e->constants, bus, devfn))
		return -ENODEV;
	emu_lock(e);
	e->stats.config_reads++;
	err = config_read(e, bus, devfn, reg, size, &v);
	if (!err && reg == 0 && size == 4)
		emu_quirk_saw_id(e, bus, devfn, v);
	emu_unlock(e);
	if (!err)
		*ret = v;
	return err;
}

/*
 * Writes that only set a function's addresses (BARs, a bridge's windows) are posted: the next
 * access follows them in the same stream.  Bus numbers are not posted, for emu_constants_find()
 * depends on them.  Other writes have been executed on return, as PCI requires of configuration
 * requests.
 */
static bool may_post(uint32_t reg)
{
	return reg >= CFG_BAR0 && reg < CFG_CAPABILITIES && (reg & ~3u) != CFG_PRIMARY;
}

/* Lock held. Return: 0, -ENODEV, -EIO. */
static int config_write(struct emu_pci *e, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
			uint32_t value)
{
	uint64_t at = emu_config_addr(bus, devfn, reg), vendor;
	uint32_t id;
	bool known;

	if (e->qt.dead)
		return -EIO;
	known = emu_constants_find(&e->constants, bus, devfn, 0, 4, &id);
	emu_constants_saw_write(&e->constants, bus, devfn, reg, size, value);
	if (known) {
		qtest_write(&e->qt, SPACE_MEM, at, size, value);
		return may_post(reg) ? 0 : qtest_drain(&e->qt);
	}
	if (qtest_read_write(&e->qt, emu_config_addr(bus, devfn, 0), &vendor, at, size, value))
		return -EIO;
	return vendor == 0xffff ? -ENODEV : 0;
}

int emu_config_write(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
		     uint32_t size, uint32_t value)
{
	struct emu_pci *e = to_emu(pci);
	int err;

	if (emu_constants_absent(&e->constants, bus, devfn))
		return -ENODEV;
	value &= ~0u >> (32 - 8 * size);
	emu_lock(e);
	e->stats.config_writes++;
	err = config_write(e, bus, devfn, reg, size, value);
	if (!err)
		emu_quirk_saw_write(e, bus, devfn, reg, size, value);
	emu_unlock(e);
	return err;
}

/* ---- memory and ports ----------------------------------------------------- */

int emu_map(struct ddekit_pci *pci, uint64_t addr, uint64_t len, volatile void **ret_cpu)
{
	*ret_cpu = NULL; /* by call only */
	return 0;
}

void emu_unmap(struct ddekit_pci *pci, volatile void *cpu, uint64_t len)
{
}

uint64_t emu_read(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size)
{
	struct emu_pci *e = to_emu(pci);
	uint64_t v;

	emu_lock(e);
	if (space == SPACE_MEM)
		e->stats.mmio_reads++;
	else
		e->stats.io_reads++;
	if (qtest_read(&e->qt, space, addr, size, &v))
		v = ~0ull >> (64 - 8 * size);
	else if (space == SPACE_MEM && e->n_quirks)
		emu_quirk_after_read(e, addr, size, v);
	emu_unlock(e);
	return v;
}

void emu_write(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size,
	       uint64_t value)
{
	struct emu_pci *e = to_emu(pci);

	emu_lock(e);
	if (space == SPACE_MEM)
		e->stats.mmio_writes++;
	else
		e->stats.io_writes++;
	qtest_write(&e->qt, space, addr, size, value);
	if (e->strict)
		qtest_drain(&e->qt);
	emu_unlock(e);
}

void emu_flush(struct ddekit_pci *pci)
{
	struct emu_pci *e = to_emu(pci);

	/* Called before each sleep: no lock when there is nothing to do. */
	if (!__atomic_load_n(&e->qt.out_len, __ATOMIC_RELAXED))
		return;
	emu_lock(e);
	e->stats.flushes++;
	qtest_flush(&e->qt);
	emu_unlock(e);
}

int emu_service(struct ddekit_pci *pci)
{
	struct emu_pci *e = to_emu(pci);
	int err;

	emu_lock(e);
	/* A caller that waits for an interrupt may wait for the effect of a buffered write. */
	qtest_flush(&e->qt);
	err = qtest_poll(&e->qt);
	emu_unlock(e);
	return err;
}

void emu_stats(struct ddekit_pci *pci, struct ddekit_pci_stats *ret)
{
	struct emu_pci *e = to_emu(pci);

	emu_lock(e);
	*ret = e->stats;
	ret->messages = e->qt.n_messages;
	ret->syscalls = e->qt.n_syscalls;
	emu_unlock(e);
}
