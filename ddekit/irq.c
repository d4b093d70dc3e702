/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts: the generic half of include/ddekit/irq.h. */
#include <errno.h>
#include "backend.h"

int ddekit_irq_alloc_vectors(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn,
			     enum ddekit_irq_kind kind, unsigned int index, unsigned int count,
			     struct ddekit_irq **ret)
{
	if (kind != DDEKIT_IRQ_MSI && kind != DDEKIT_IRQ_MSIX)
		return -EINVAL;
	if (!count || (kind == DDEKIT_IRQ_MSI && count > 32) || index + count > 2048 ||
	    index + count < count)
		return -EINVAL;
	return pci->backend->pci.irq_vectors(pci, bus, devfn, kind, index, count, ret);
}

int ddekit_irq_intx(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin,
		    struct ddekit_irq **ret)
{
	if (pin < 1 || pin > 4)
		return -EINVAL;
	return pci->backend->pci.irq_line(pci, devfn, pin, ret);
}

struct ddekit_pci *ddekit_irq_pci(const struct ddekit_irq *irq)
{
	return irq->pci;
}

int ddekit_irq_fd(const struct ddekit_irq *irq)
{
	return irq->fd;
}

unsigned int ddekit_irq_number(const struct ddekit_irq *irq)
{
	return irq->number;
}

void ddekit_irq_message(const struct ddekit_irq *irq, uint64_t *ret_address, uint32_t *ret_data)
{
	*ret_address = irq->address;
	*ret_data = irq->data;
}

void ddekit_irq_set_handler(struct ddekit_irq *irq, void (*fn)(void *arg), void *arg)
{
	irq->arg = arg;
	irq->fn = fn;
}

void ddekit_irq_mask(struct ddekit_irq *irq)
{
	if (irq->kind == DDEKIT_IRQ_INTX)
		irq->pci->backend->pci.irq_mask(irq, true);
}

void ddekit_irq_unmask(struct ddekit_irq *irq)
{
	if (irq->kind == DDEKIT_IRQ_INTX)
		irq->pci->backend->pci.irq_mask(irq, false);
}

void ddekit_irq_free(struct ddekit_irq *irq)
{
	if (irq && irq->kind != DDEKIT_IRQ_INTX)
		irq->pci->backend->pci.irq_free(irq);
}
