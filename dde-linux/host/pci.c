/* SPDX-License-Identifier: GPL-2.0-only */
/* The PCI down-calls: the device that libddekit adopted, and its interrupts. */
#include <errno.h>
#include <sys/epoll.h>
#include <ddekit/irq.h>
#include "internal.h"

#define N_VECTORS (DDE_HWIRQ_COUNT - DDE_HWIRQ_MSI)
#define N_LINES (DDE_HWIRQ_MSI - DDE_HWIRQ_LINE)

static struct ddekit_irq *vectors[N_VECTORS];
static struct ddekit_irq *lines[N_LINES];

static int32_t config_read(struct dde_pci_addr at, uint32_t reg, uint32_t size, uint32_t *ret)
{
	int err;

	host_device_enter();
	err = ddekit_pci_config_read(host.config.pci, at.bus, at.devfn, reg, size, ret);
	host_device_leave();
	return err;
}

static int32_t config_write(struct dde_pci_addr at, uint32_t reg, uint32_t size, uint32_t value)
{
	int err;

	host_device_enter();
	err = ddekit_pci_config_write(host.config.pci, at.bus, at.devfn, reg, size, value);
	host_device_leave();
	return err;
}

static uint64_t mmio_map(uint64_t phys, uint64_t len)
{
	ddekit_busaddr addr = { phys };
	volatile void *cpu = NULL;
	int err;

	host_device_enter();
	err = ddekit_pci_map(host.config.pci, addr, len, &cpu);
	host_device_leave();
	if (err) {
		host_log(3, "dde: cannot map bus address %#llx, %#llx bytes: error %d",
			 (unsigned long long)phys, (unsigned long long)len, err);
		return 0;
	}
	return cpu ? (uint64_t)(uintptr_t)cpu : phys | DDE_MMIO_CALL;
}

static void mmio_unmap(uint64_t addr, uint64_t len)
{
	if (addr & DDE_MMIO_CALL)
		return;
	host_device_enter();
	ddekit_pci_unmap(host.config.pci, (volatile void *)(uintptr_t)addr, len);
	host_device_leave();
}

static uint64_t mmio_read(uint64_t addr, uint32_t size)
{
	uint64_t value, at = addr & ~(DDE_MMIO_CALL | DDE_MMIO_PORT);

	host_device_enter();
	if (addr & DDE_MMIO_PORT)
		value = ddekit_pci_in(host.config.pci, (uint32_t)at, size);
	else
		value = ddekit_pci_read(host.config.pci, (ddekit_busaddr){ at }, size);
	host_device_leave();
	return value;
}

static void mmio_write(uint64_t addr, uint32_t size, uint64_t value)
{
	uint64_t at = addr & ~(DDE_MMIO_CALL | DDE_MMIO_PORT);

	host_device_enter();
	if (addr & DDE_MMIO_PORT)
		ddekit_pci_out(host.config.pci, (uint32_t)at, size, (uint32_t)value);
	else
		ddekit_pci_write(host.config.pci, (ddekit_busaddr){ at }, size, value);
	host_device_leave();
}

static void mmio_flush(void)
{
	host_device_enter();
	ddekit_pci_flush(host.config.pci);
	host_device_leave();
}

/* ---- message interrupts --------------------------------------------------- */

static void msi_free(uint32_t hwirq, uint32_t count)
{
	uint32_t n;

	host_device_enter();
	for (n = hwirq - DDE_HWIRQ_MSI; count && n < N_VECTORS; n++, count--) {
		if (!vectors[n])
			continue;
		host_event_del(ddekit_irq_fd(vectors[n]));
		ddekit_irq_free(vectors[n]);
		vectors[n] = NULL;
	}
	host_device_leave();
}

/* Watches vectors just allocated; on failure some may be watched already. */
static int watch_vectors(struct ddekit_irq **irq, uint32_t count)
{
	uint32_t i, first = ddekit_irq_number(irq[0]);
	int err;

	for (i = 0; i < count; i++)
		vectors[first + i] = irq[i];
	for (i = 0; i < count; i++) {
		err = host_event_add(ddekit_irq_fd(irq[i]), EPOLLIN | EPOLLET,
				     DDE_HWIRQ_MSI + first + i);
		if (err)
			return err;
	}
	return 0;
}

static int32_t msi_alloc(struct dde_pci_addr at, uint32_t kind, uint32_t index, uint32_t count,
			 uint32_t *ret_hwirq)
{
	struct ddekit_irq *irq[N_VECTORS];
	uint32_t first;
	int err;

	if (!count || count > N_VECTORS)
		return -ENOSPC;
	host_device_enter();
	err = ddekit_irq_alloc_vectors(host.config.pci, at.bus, at.devfn,
				       kind == DDE_IRQ_MSIX ? DDEKIT_IRQ_MSIX : DDEKIT_IRQ_MSI,
				       index, count, irq);
	host_device_leave();
	if (err)
		return err;
	first = ddekit_irq_number(irq[0]);
	if (first + count > N_VECTORS) {
		while (count--)
			ddekit_irq_free(irq[count]);
		return -ENOSPC;
	}
	err = watch_vectors(irq, count);
	if (err) {
		msi_free(DDE_HWIRQ_MSI + first, count);
		return err;
	}
	*ret_hwirq = DDE_HWIRQ_MSI + first;
	return 0;
}

static void msi_message(uint32_t hwirq, uint64_t *ret_address, uint32_t *ret_data)
{
	ddekit_irq_message(vectors[hwirq - DDE_HWIRQ_MSI], ret_address, ret_data);
}

/* ---- lines ------------------------------------------------------------------ */

static void on_irq_line(void *arg)
{
	host_count->irqs++;
	host_raise((uint32_t)(uintptr_t)arg);
}

static int32_t intx_route(struct dde_pci_addr at, uint32_t pin)
{
	struct ddekit_irq *irq;
	uint32_t n;
	int err;

	host_device_enter();
	err = ddekit_irq_intx(host.config.pci, at.devfn, pin, &irq);
	host_device_leave();
	if (err)
		return err;
	for (n = 0; n < N_LINES && lines[n] && lines[n] != irq; n++)
		;
	if (n == N_LINES)
		return -ENOSPC;
	if (!lines[n]) {
		ddekit_irq_set_handler(irq, on_irq_line, (void *)(uintptr_t)(DDE_HWIRQ_LINE + n));
		lines[n] = irq;
	}
	return (int32_t)(DDE_HWIRQ_LINE + n);
}

static void intx_mask(uint32_t hwirq)
{
	host_device_enter();
	ddekit_irq_mask(lines[hwirq - DDE_HWIRQ_LINE]);
	host_device_leave();
}

/* The service fd is readable. */
static void on_service(void *arg)
{
	int err;

	host_device_enter();
	err = ddekit_pci_service(host.config.pci);
	host_device_leave();
	if (err)
		host_die("the device does not answer any more");
}

static void intx_unmask(uint32_t hwirq)
{
	static struct host_watch service = { .fn = on_service };
	static bool serviced; /* its fd is watched */
	int fd = ddekit_pci_service_fd(host.config.pci);

	if (!serviced && fd >= 0) {
		if (host_event_watch(0, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, &service))
			host_die("cannot watch the device's interrupt lines");
		serviced = true;
	}
	host_device_enter();
	ddekit_irq_unmask(lines[hwirq - DDE_HWIRQ_LINE]);
	host_device_leave();
}

const struct dde_down_pci host_down_pci = {
	.config_read = config_read,
	.config_write = config_write,
	.mmio_map = mmio_map,
	.mmio_unmap = mmio_unmap,
	.mmio_read = mmio_read,
	.mmio_write = mmio_write,
	.mmio_flush = mmio_flush,
	.msi_alloc = msi_alloc,
	.msi_free = msi_free,
	.msi_message = msi_message,
	.intx_route = intx_route,
	.intx_mask = intx_mask,
	.intx_unmask = intx_unmask,
};
