/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unprivileged half of the vfio backend.  It opens nothing.  The function is on the
 * runtime's root bus, at its real address; base address registers are emulated (bars.h), the
 * rest of config space is VFIO's, which passes harmless writes to the device.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "vfio.h"

#define MSIX_ENTRY 16

/* ---- life ----------------------------------------------------------------- */

void vfio_close(struct ddekit_pci *pci)
{
	struct vfio_pci *v = to_vfio(pci);
	uint32_t i;

	for (i = 0; i < BARS_N; i++)
		vfio_region_finish(&v->region[i]);
	free(v->table);
	pool_unmap(&v->base.pool);
	fd_close(&v->device);
	fd_close(&v->pool_fd);
	fd_close(&v->intx_fd);
	for (i = 0; i < v->n_vectors; i++)
		fd_close(&v->vector[i].fd);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

static int blob_read(const struct ddekit_handover *h, struct vfio_blob *ret)
{
	if (h->blob_len != sizeof(*ret))
		return -EPROTO;
	memcpy(ret, h->blob, sizeof(*ret));
	if (ret->magic != VFIO_BLOB_MAGIC || ret->n_vectors > VFIO_VECTORS ||
	    h->n_fds != VFIO_FD_VECTORS + ret->n_vectors || h->pool_fd != VFIO_FD_POOL)
		return -EPROTO;
	return 0;
}

static int real_config(struct vfio_pci *v, uint32_t reg, uint32_t size, void *buf)
{
	ssize_t n = pread(v->device, buf, size, (off_t)(v->config_offset + reg));

	return n == (ssize_t)size ? 0 : -EIO;
}

static int find_config(struct vfio_pci *v)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
					 .index = VFIO_PCI_CONFIG_REGION_INDEX };

	if (ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	v->config_offset = info.offset;
	v->config_size = info.size;
	return 0;
}

static int find_bars(struct vfio_pci *v)
{
	uint32_t low = 0;
	unsigned int n;
	int err = 0;

	for (n = 0; n < BARS_N && !err; n++) {
		err = vfio_region_init(v, n);
		if (!err && n < BARS_ROM)
			err = real_config(v, PCI_BASE_ADDRESS_0 + 4 * n, 4, &low);
		if (!err)
			bars_set(&v->bars, n, low, v->region[n].size);
	}
	return err;
}

/* PCI 3.0, 6.8.2: where the MSI-X table is. */
static int find_table(struct vfio_pci *v)
{
	uint8_t at = 0, id = 0, hops;
	uint16_t flags;
	uint32_t where;
	int err = real_config(v, PCI_CAPABILITY_LIST, 1, &at);

	v->table_bar = BARS_N;
	for (hops = 0; at >= 0x40 && hops < 48 && !err; hops++) {
		err = real_config(v, at, 1, &id);
		if (!err && id == PCI_CAP_ID_MSIX)
			break;
		if (!err)
			err = real_config(v, at + 1u, 1, &at);
	}
	if (err || at < 0x40 || id != PCI_CAP_ID_MSIX)
		return err;
	err = real_config(v, at + (uint32_t)PCI_MSIX_FLAGS, 2, &flags);
	if (!err)
		err = real_config(v, at + (uint32_t)PCI_MSIX_TABLE, 4, &where);
	if (err)
		return err;
	v->table_bar = where & PCI_MSIX_TABLE_BIR;
	v->table_offset = where & PCI_MSIX_TABLE_OFFSET;
	v->table_size = ((flags & PCI_MSIX_FLAGS_QSIZE) + 1u) * MSIX_ENTRY;
	return vfio_table_init(v);
}

static int device_set_up(struct vfio_pci *v, const struct ddekit_handover *h)
{
	int err = find_config(v);

	if (!err)
		err = find_bars(v);
	if (!err)
		err = find_table(v);
	if (err)
		return err;
	bars_windows(&v->bars, &v->base.windows);
	v->base.windows.root_bus = h->bdf.bus;
	return pool_map(&v->base.pool, h, v->pool_fd);
}

int vfio_adopt(const struct ddekit_handover *h, struct ddekit_pci **ret)
{
	struct vfio_blob blob;
	struct vfio_pci *v;
	int err = blob_read(h, &blob);

	v = err ? NULL : calloc(1, sizeof(*v));
	if (!v) {
		handover_close(h);
		return err ? err : -ENOMEM;
	}
	pthread_mutex_init(&v->lock, NULL);
	v->base.bdf = h->bdf;
	v->device = h->fds[VFIO_FD_DEVICE];
	v->pool_fd = h->fds[VFIO_FD_POOL];
	v->intx_fd = h->fds[VFIO_FD_INTX];
	v->base.service_fd = v->intx_fd;
	v->n_vectors = blob.n_vectors;
	vfio_lines_init(v, h->fds + VFIO_FD_VECTORS);
	err = device_set_up(v, h);
	if (err) {
		vfio_close(&v->base);
		return err;
	}
	*ret = &v->base;
	return 0;
}

/* ---- config space --------------------------------------------------------- */

static bool is_own_function(const struct vfio_pci *v, uint8_t bus, uint8_t devfn)
{
	return bus == v->base.bdf.bus && devfn == ddekit_bdf_devfn(v->base.bdf);
}

int vfio_config_read(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
		     uint32_t size, uint32_t *ret)
{
	struct vfio_pci *v = to_vfio(pci);
	uint32_t value = 0;

	if (!is_own_function(v, bus, devfn))
		return -ENODEV;
	pthread_mutex_lock(&v->lock);
	v->stats.config_reads++;
	if (bars_own(reg))
		value = bars_read(&v->bars, reg, size);
	pthread_mutex_unlock(&v->lock);
	if (bars_own(reg)) {
		*ret = value;
		return 0;
	}
	if (reg >= v->config_size) /* a conventional device: all-ones, as on a bus */
		value = ~0u >> (32 - 8 * size);
	else if (real_config(v, reg, size, &value))
		return -EIO;
	*ret = value;
	return 0;
}

int vfio_config_write(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
		      uint32_t size, uint32_t value)
{
	struct vfio_pci *v = to_vfio(pci);
	ssize_t n;

	if (!is_own_function(v, bus, devfn))
		return -ENODEV;
	pthread_mutex_lock(&v->lock);
	v->stats.config_writes++;
	if (bars_own(reg))
		bars_write(&v->bars, reg, size, value);
	pthread_mutex_unlock(&v->lock);
	if (bars_own(reg) || reg >= v->config_size)
		return 0;
	n = pwrite(v->device, &value, size, (off_t)(v->config_offset + reg));
	return n == (ssize_t)size ? 0 : -EIO;
}

/* ---- memory and ports ----------------------------------------------------- */

int vfio_map(struct ddekit_pci *pci, uint64_t addr, uint64_t len, volatile void **ret_cpu)
{
	struct vfio_pci *v = to_vfio(pci);
	uint64_t offset;
	unsigned int n;
	int err = -ENXIO;

	pthread_mutex_lock(&v->lock);
	if (bars_find(&v->bars, SPACE_MEM, addr, len, &n, &offset)) {
		*ret_cpu = vfio_region_map(v, n, offset, len);
		err = 0;
	}
	pthread_mutex_unlock(&v->lock);
	return err;
}

/* Mappings live as long as the device. */
void vfio_unmap(struct ddekit_pci *pci, volatile void *cpu, uint64_t len)
{
}

static bool in_table(const struct vfio_pci *v, unsigned int n, uint64_t offset)
{
	return n == v->table_bar && offset >= v->table_offset &&
	       offset - v->table_offset < v->table_size;
}

/* The place of a register in the device's file. Return: false: there is none. */
static bool register_locate(struct vfio_pci *v, enum access_space space, uint64_t addr,
			    uint32_t size, off_t *ret)
{
	uint64_t offset = 0;
	unsigned int n = 0;
	bool found;

	pthread_mutex_lock(&v->lock);
	found = bars_find(&v->bars, space, addr, size, &n, &offset) && !in_table(v, n, offset);
	pthread_mutex_unlock(&v->lock);
	if (found)
		*ret = (off_t)(v->region[n].file_offset + offset);
	return found;
}

uint64_t vfio_read(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size)
{
	struct vfio_pci *v = to_vfio(pci);
	uint64_t value = 0;
	off_t at;

	__atomic_fetch_add(space == SPACE_MEM ? &v->stats.mmio_reads : &v->stats.io_reads, 1,
			   __ATOMIC_RELAXED);
	if (!register_locate(v, space, addr, size, &at) ||
	    pread(v->device, &value, size, at) != (ssize_t)size)
		value = ~0ull >> (64 - 8 * size);
	return value;
}

void vfio_write(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size,
		uint64_t value)
{
	struct vfio_pci *v = to_vfio(pci);
	ssize_t n;
	off_t at;

	__atomic_fetch_add(space == SPACE_MEM ? &v->stats.mmio_writes : &v->stats.io_writes, 1,
			   __ATOMIC_RELAXED);
	if (!register_locate(v, space, addr, size, &at))
		return;
	n = pwrite(v->device, &value, size, at); /* ignored if the device has gone */
	(void)n;
}

/* Nothing is buffered. */
void vfio_flush(struct ddekit_pci *pci)
{
}

void vfio_stats(struct ddekit_pci *pci, struct ddekit_pci_stats *ret)
{
	struct vfio_pci *v = to_vfio(pci);

	pthread_mutex_lock(&v->lock);
	*ret = v->stats;
	pthread_mutex_unlock(&v->lock);
}
