/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts.  The host kernel handles them and signals eventfds; VFIO allows one
 * kind at a time.  A vector's number is its index in the device's table.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "vfio.h"

/* For the MSI registers that the runtime's kernel writes and nobody reads. */
#define MESSAGE_ADDRESS 0xfee00000u

/* ---- VFIO ----------------------------------------------------------------- */

static int set_irqs(int device, struct vfio_irq_set *set)
{
	return ioctl(device, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
}

int vfio_irqs_off(int device, uint32_t index)
{
	struct vfio_irq_set set = { .argsz = sizeof(set),
				    .index = index,
				    .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER };

	return set_irqs(device, &set);
}

int vfio_irqs_set(int device, uint32_t index, uint32_t start, uint32_t count, const int *fds)
{
	union {
		struct vfio_irq_set head;
		char room[sizeof(struct vfio_irq_set) + VFIO_VECTORS * sizeof(int32_t)];
	} set = { .head = { .index = index,
			    .start = start,
			    .count = count,
			    .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER } };

	if (count > VFIO_VECTORS)
		return -EINVAL;
	set.head.argsz = (uint32_t)(sizeof(set.head) + count * sizeof(int32_t));
	memcpy(set.head.data, fds, count * sizeof(int32_t));
	return set_irqs(device, &set.head);
}

static uint32_t irq_index(enum ddekit_irq_kind kind)
{
	switch (kind) {
	case DDEKIT_IRQ_MSIX:
		return VFIO_PCI_MSIX_IRQ_INDEX;
	case DDEKIT_IRQ_MSI:
		return VFIO_PCI_MSI_IRQ_INDEX;
	default:
		return VFIO_PCI_INTX_IRQ_INDEX;
	}
}

static int intx_action(struct vfio_pci *v, uint32_t action)
{
	struct vfio_irq_set set = { .argsz = sizeof(set),
				    .index = VFIO_PCI_INTX_IRQ_INDEX,
				    .count = 1,
				    .flags = VFIO_IRQ_SET_DATA_NONE | action };

	return set_irqs(v->device, &set);
}

/* Lock held. */
static void irqs_disable(struct vfio_pci *v)
{
	if (v->enabled)
		vfio_irqs_off(v->device, irq_index(v->mode));
	v->enabled = false;
}

/* ---- vectors -------------------------------------------------------------- */

void vfio_lines_init(struct vfio_pci *v, const int *fds)
{
	uint32_t i;

	for (i = 0; i < v->n_vectors; i++)
		v->vector[i] = (struct ddekit_irq){ .pci = &v->base,
						    .kind = DDEKIT_IRQ_MSIX,
						    .number = i,
						    .fd = fds[i],
						    .address = MESSAGE_ADDRESS,
						    .data = i };
	v->line = (struct ddekit_irq){ .pci = &v->base, .kind = DDEKIT_IRQ_INTX, .fd = -1 };
}

static struct vfio_irq_info irq_info(const struct vfio_pci *v, uint32_t index)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };

	if (ioctl(v->device, VFIO_DEVICE_GET_IRQ_INFO, &info))
		info.count = 0;
	return info;
}

/* Lock held. Where vectors cannot be added one by one, all are enabled at once. */
static int irqs_enable(struct vfio_pci *v, enum ddekit_irq_kind kind, uint32_t first,
		       uint32_t count)
{
	struct vfio_irq_info info = irq_info(v, irq_index(kind));
	uint32_t i, have = info.count < v->n_vectors ? info.count : v->n_vectors;
	int fds[VFIO_VECTORS], err;

	if (first + count > have)
		return info.count ? -ENOSPC : -EOPNOTSUPP;
	if (v->enabled && v->mode != kind)
		irqs_disable(v);
	if (info.flags & VFIO_IRQ_INFO_NORESIZE) {
		if (v->enabled)
			return 0;
		count = kind == DDEKIT_IRQ_MSI ? first + count : have;
		first = 0;
	}
	for (i = 0; i < count; i++)
		fds[i] = v->vector[first + i].fd;
	err = vfio_irqs_set(v->device, irq_index(kind), first, count, fds);
	if (err > 0) /* the number of vectors that the machine has left */
		err = -ENOSPC;
	if (!err) {
		v->enabled = true;
		v->mode = kind;
	}
	return err;
}

/* Lock held. Is one of [first, first + count) in use? */
static bool vectors_used(const struct vfio_pci *v, uint32_t first, uint32_t count)
{
	return memchr(v->vector_used + first, 1, count);
}

int vfio_irq_vectors(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, enum ddekit_irq_kind kind,
		     unsigned int index, unsigned int count, struct ddekit_irq **ret)
{
	struct vfio_pci *v = to_vfio(pci);
	unsigned int i;
	int err = -EBUSY;

	if (index + count > v->n_vectors)
		return -ENOSPC;
	pthread_mutex_lock(&v->lock);
	if (!vectors_used(v, index, count))
		err = irqs_enable(v, kind, index, count);
	if (!err)
		memset(v->vector_used + index, true, count);
	pthread_mutex_unlock(&v->lock);
	for (i = 0; i < count && !err; i++) {
		ret[i] = &v->vector[index + i];
		ret[i]->kind = kind;
	}
	return err;
}

void vfio_irq_free(struct ddekit_irq *irq)
{
	struct vfio_pci *v = to_vfio(irq->pci);

	pthread_mutex_lock(&v->lock);
	v->vector_used[irq->number] = false;
	if (!vectors_used(v, 0, v->n_vectors))
		irqs_disable(v);
	pthread_mutex_unlock(&v->lock);
}

/* ---- INTx ----------------------------------------------------------------- */

int vfio_irq_line(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin, struct ddekit_irq **ret)
{
	struct vfio_pci *v = to_vfio(pci);

	if (!irq_info(v, VFIO_PCI_INTX_IRQ_INDEX).count)
		return -EOPNOTSUPP;
	*ret = &v->line;
	return 0;
}

/* Lock held. Return: 0, -errno. */
static int need_line(struct vfio_pci *v)
{
	int err;

	if (v->enabled)
		return v->mode == DDEKIT_IRQ_INTX ? 0 : -EBUSY;
	err = vfio_irqs_set(v->device, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &v->intx_fd);
	if (!err) {
		v->enabled = true;
		v->mode = DDEKIT_IRQ_INTX;
	}
	return err;
}

/* VFIO masks the line when it signals; unmasking signals again if the line is still asserted. */
void vfio_irq_mask(struct ddekit_irq *irq, bool masked)
{
	struct vfio_pci *v = to_vfio(irq->pci);

	pthread_mutex_lock(&v->lock);
	if (masked) {
		if (v->line_unmasked && v->enabled && v->mode == DDEKIT_IRQ_INTX)
			intx_action(v, VFIO_IRQ_SET_ACTION_MASK);
		v->line_unmasked = false;
	} else if (!need_line(v)) {
		v->line_unmasked = true;
		intx_action(v, VFIO_IRQ_SET_ACTION_UNMASK);
	}
	pthread_mutex_unlock(&v->lock);
}

int vfio_service(struct ddekit_pci *pci)
{
	struct vfio_pci *v = to_vfio(pci);
	uint64_t count;
	bool due;

	if (read(v->intx_fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	pthread_mutex_lock(&v->lock);
	due = v->line_unmasked;
	v->line_unmasked = false;
	pthread_mutex_unlock(&v->lock);
	if (due && v->line.fn)
		v->line.fn(v->line.arg);
	return 0;
}
