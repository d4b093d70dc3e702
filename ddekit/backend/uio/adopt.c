/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unprivileged half of the uio backend.  It opens nothing.
 *
 * Only INTx is supported: the host kernel handles the interrupt, sets Interrupt Disable in
 * the device and counts; the driver host reads the count and clears the bit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "uio.h"

/* ---- life ----------------------------------------------------------------- */

void uio_close(struct ddekit_pci *pci)
{
	struct uio_pci *u = to_uio(pci);
	struct uio_region *r;

	for (r = u->region; r < u->region + UIO_BARS; r++) {
		if (r->mapping)
			munmap(r->mapping, r->page_offset + r->size);
		fd_close(&r->fd);
	}
	pool_unmap(&u->base.pool);
	fd_close(&u->pool_fd);
	fd_close(&u->uio_fd);
	fd_close(&u->config_fd);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

static int blob_read(const struct ddekit_handover *h, struct uio_blob *ret)
{
	uint32_t n = UIO_FD_BARS;
	unsigned int i;

	if (h->blob_len != sizeof(*ret))
		return -EPROTO;
	memcpy(ret, h->blob, sizeof(*ret));
	for (i = 0; i < UIO_BARS; i++)
		n += ret->bar[i].size != 0;
	if (ret->magic != UIO_BLOB_MAGIC || ret->n_blocks > UIO_MAX_BLOCKS ||
	    ret->n_blocks * DDEKIT_POOL_BLOCK != h->pool_size || h->n_fds != n ||
	    h->pool_fd != UIO_FD_POOL)
		return -EPROTO;
	return 0;
}

static void device_set_fds(struct uio_pci *u, const struct ddekit_handover *h,
			   const struct uio_blob *blob)
{
	unsigned int i, n = UIO_FD_BARS;

	u->pool_fd = h->fds[UIO_FD_POOL];
	u->uio_fd = h->fds[UIO_FD_UIO];
	u->config_fd = h->fds[UIO_FD_CONFIG];
	for (i = 0; i < UIO_BARS; i++)
		u->region[i] = (struct uio_region){ .fd = blob->bar[i].size ? h->fds[n++] : -1,
						    .size = blob->bar[i].size,
						    .page_offset = blob->bar[i].page_offset };
}

static int device_set_up(struct uio_pci *u, const struct ddekit_handover *h)
{
	int err = uio_config_init(u);

	if (!err)
		err = uio_config_line(u);
	if (err)
		return err;
	bars_windows(&u->bars, &u->base.windows);
	u->base.windows.root_bus = h->bdf.bus;
	err = pool_map(&u->base.pool, h, u->pool_fd);
	u->base.pool.block_iova = u->block_iova;
	return err;
}

int uio_adopt(const struct ddekit_handover *h, struct ddekit_pci **ret)
{
	struct uio_blob blob;
	struct uio_pci *u;
	int err = blob_read(h, &blob);

	u = err ? NULL : calloc(1, sizeof(*u));
	if (!u) {
		handover_close(h);
		return err ? err : -ENOMEM;
	}
	pthread_mutex_init(&u->lock, NULL);
	u->base.bdf = h->bdf;
	device_set_fds(u, h, &blob);
	memcpy(u->block_iova, blob.block_iova, sizeof(u->block_iova));
	u->base.service_fd = u->uio_fd;
	u->line = (struct ddekit_irq){ .pci = &u->base, .kind = DDEKIT_IRQ_INTX, .fd = -1 };
	err = device_set_up(u, h);
	if (err) {
		uio_close(&u->base);
		return err;
	}
	*ret = &u->base;
	return 0;
}

/* ---- memory and ports ----------------------------------------------------- */

/* Lock held. The address of [offset, offset + len) of a register's range; NULL with
 * errno set. Mapped once, whole. */
static volatile void *region_cpu(struct uio_region *r, uint64_t offset)
{
	void *p;

	if (!r->mapping) {
		p = mmap(NULL, r->page_offset + r->size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
			 0);
		if (p == MAP_FAILED)
			return NULL;
		r->mapping = p;
	}
	return r->mapping + r->page_offset + offset;
}

/* Lock held. Return: NULL: no register is there, or it cannot be mapped. */
static volatile void *register_map(struct uio_pci *u, uint64_t addr, uint64_t len, int *ret_err)
{
	volatile void *cpu;
	uint64_t offset;
	unsigned int n;

	*ret_err = -ENXIO;
	if (!bars_find(&u->bars, SPACE_MEM, addr, len, &n, &offset))
		return NULL;
	cpu = region_cpu(&u->region[n], offset);
	*ret_err = cpu ? 0 : -errno;
	return cpu;
}

int uio_map(struct ddekit_pci *pci, uint64_t addr, uint64_t len, volatile void **ret_cpu)
{
	struct uio_pci *u = to_uio(pci);
	volatile void *cpu;
	int err;

	pthread_mutex_lock(&u->lock);
	cpu = register_map(u, addr, len, &err);
	pthread_mutex_unlock(&u->lock);
	if (!err)
		*ret_cpu = cpu;
	return err;
}

/* Mappings live as long as the device. */
void uio_unmap(struct ddekit_pci *pci, volatile void *cpu, uint64_t len)
{
}

static uint64_t register_load(const volatile void *cpu, uint32_t size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)cpu;
	case 2:
		return *(const volatile uint16_t *)cpu;
	case 4:
		return *(const volatile uint32_t *)cpu;
	default:
		return *(const volatile uint64_t *)cpu;
	}
}

static void register_store(volatile void *cpu, uint32_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)cpu = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)cpu = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)cpu = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)cpu = value;
	}
}

/* Lock held. Return: false: no port is there. */
static bool port_find(struct uio_pci *u, uint64_t addr, uint32_t size, int *ret_fd,
		      uint64_t *ret_offset)
{
	unsigned int n;

	if (!bars_find(&u->bars, SPACE_IO, addr, size, &n, ret_offset))
		return false;
	*ret_fd = u->region[n].fd;
	return true;
}

uint64_t uio_read(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size)
{
	struct uio_pci *u = to_uio(pci);
	uint64_t value = ~0ull >> (64 - 8 * size), got = 0, offset;
	volatile void *cpu;
	int fd, err;

	pthread_mutex_lock(&u->lock);
	if (space == SPACE_MEM) {
		u->stats.mmio_reads++;
		cpu = register_map(u, addr, size, &err);
		if (cpu)
			value = register_load(cpu, size);
	} else {
		u->stats.io_reads++;
		if (port_find(u, addr, size, &fd, &offset) &&
		    pread(fd, &got, size, (off_t)offset) == (ssize_t)size)
			value = got;
	}
	pthread_mutex_unlock(&u->lock);
	return value;
}

void uio_write(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size,
	       uint64_t value)
{
	struct uio_pci *u = to_uio(pci);
	volatile void *cpu;
	uint64_t offset;
	ssize_t n = 0;
	int fd, err;

	pthread_mutex_lock(&u->lock);
	if (space == SPACE_MEM) {
		u->stats.mmio_writes++;
		cpu = register_map(u, addr, size, &err);
		if (cpu)
			register_store(cpu, size, value);
	} else {
		u->stats.io_writes++;
		if (port_find(u, addr, size, &fd, &offset))
			n = pwrite(fd, &value, size, (off_t)offset);
		(void)n; /* ignored if the device has gone */
	}
	pthread_mutex_unlock(&u->lock);
}

/* Nothing is buffered. */
void uio_flush(struct ddekit_pci *pci)
{
}

void uio_stats(struct ddekit_pci *pci, struct ddekit_pci_stats *ret)
{
	struct uio_pci *u = to_uio(pci);

	pthread_mutex_lock(&u->lock);
	*ret = u->stats;
	pthread_mutex_unlock(&u->lock);
}

/* ---- interrupts ------------------------------------------------------------- */

/* UIO has no MSI; drivers fall back to INTx. */
int uio_irq_vectors(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, enum ddekit_irq_kind kind,
		    unsigned int index, unsigned int count, struct ddekit_irq **ret)
{
	return -EOPNOTSUPP;
}

void uio_irq_free(struct ddekit_irq *irq)
{
}

int uio_irq_line(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin, struct ddekit_irq **ret)
{
	*ret = &to_uio(pci)->line;
	return 0;
}

/* A device that still asserts the line interrupts again when the bit is cleared. */
void uio_irq_mask(struct ddekit_irq *irq, bool masked)
{
	struct uio_pci *u = to_uio(irq->pci);

	pthread_mutex_lock(&u->lock);
	u->line_unmasked = !masked;
	uio_config_line(u);
	pthread_mutex_unlock(&u->lock);
}

int uio_service(struct ddekit_pci *pci)
{
	struct uio_pci *u = to_uio(pci);
	uint32_t count;
	bool due;

	if (read(u->uio_fd, &count, sizeof(count)) != sizeof(count))
		return errno == EAGAIN || errno == EINTR ? 0 : -EIO;
	pthread_mutex_lock(&u->lock);
	due = u->line_unmasked;
	u->line_unmasked = false;
	pthread_mutex_unlock(&u->lock);
	if (due && u->line.fn)
		u->line.fn(u->line.arg);
	return 0;
}
