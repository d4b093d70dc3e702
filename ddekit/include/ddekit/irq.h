/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of a PCI device: INTx lines, MSI and MSI-X vectors.
 *
 * A message vector is an eventfd that is never read: watch it edge-triggered.
 * An INTx line has a level; its handler is called by ddekit_pci_service(), and with emu by any
 * call for the device that happens to read the change.
 *
 * "Does not block" as in pci.h.
 */
#ifndef DDEKIT_IRQ_H
#define DDEKIT_IRQ_H

#include <stdbool.h>
#include <stdint.h>
#include <ddekit/pci.h>

struct ddekit_irq;

enum ddekit_irq_kind { DDEKIT_IRQ_INTX = 0, DDEKIT_IRQ_MSI = 1, DDEKIT_IRQ_MSIX = 2 };

/**
 * ddekit_irq_alloc_vectors - allocate message interrupts of a function
 * @kind:  MSI or MSI-X
 * @index: the first vector's index in the function's table
 * @count: 1..2048, MSI: 1..32; the vectors are contiguous; with MSI the first message's data
 *         is aligned to @count rounded up to a power of two
 * @ret:   array of @count, each for ddekit_irq_free(); written only on success
 *
 * Any thread. Does not block with emu; with vfio as long as the host's kernel takes to set
 * the vectors up.
 * Return: 0, -EINVAL, -ENOSPC (not so many), -EBUSY (vfio: in use), -EOPNOTSUPP (none of that
 * kind), -errno of VFIO.
 */
int ddekit_irq_alloc_vectors(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn,
			     enum ddekit_irq_kind kind, unsigned int index, unsigned int count,
			     struct ddekit_irq **ret);

/**
 * ddekit_irq_intx - the line that INTx of a function is wired to
 * @devfn: of a function on the root bus; of what is behind a bridge, the bridge's
 * @pin:   1..4
 * @ret:   the device's; the same for functions that share the line; starts masked; written
 *         only on success
 *
 * Any thread. Does not block.
 * Return: 0, -EINVAL, -EOPNOTSUPP (no line there).
 */
int ddekit_irq_intx(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin,
		    struct ddekit_irq **ret);

/**
 * ddekit_irq_pci - the device that the interrupt belongs to
 *
 * Any thread. Does not block.
 * Return: borrowed.
 */
struct ddekit_pci *ddekit_irq_pci(const struct ddekit_irq *irq);

/**
 * ddekit_irq_fd - the eventfd of a vector
 *
 * Any thread. Does not block.
 * Return: the fd, borrowed; -1 for a line.
 */
int ddekit_irq_fd(const struct ddekit_irq *irq);

/**
 * ddekit_irq_number - a number that is unique in the device among its kind
 *
 * Any thread. Does not block.
 * Return: 0.. for vectors, the line's number for lines.
 */
unsigned int ddekit_irq_number(const struct ddekit_irq *irq);

/**
 * ddekit_irq_message - the message that makes the device raise a vector
 * @ret_address: bus address; for a line 0
 *
 * To be written into the function's MSI registers or MSI-X table.
 * Any thread. Does not block.
 */
void ddekit_irq_message(const struct ddekit_irq *irq, uint64_t *ret_address, uint32_t *ret_data);

/**
 * ddekit_irq_set_handler - what to call when a line is asserted and unmasked
 * @fn:  called with no lock held, in the thread that reads the change; the line is masked
 *       until ddekit_irq_unmask(); must not access the device; NULL: nothing is called
 * @arg: borrowed while the line is unmasked
 *
 * Any thread, before the first unmask. Does not block.
 */
void ddekit_irq_set_handler(struct ddekit_irq *irq, void (*fn)(void *arg), void *arg);

/**
 * ddekit_irq_mask - stop a line's handler from being called
 *
 * A handler that runs in another thread may still be running on return. Does nothing for
 * vectors.
 * Any thread. Does not block.
 */
void ddekit_irq_mask(struct ddekit_irq *irq);

/**
 * ddekit_irq_unmask - let a line's handler be called again
 *
 * If the line is asserted the handler is called: with emu before the return. Does nothing for
 * vectors.
 * Any thread. Does not block.
 */
void ddekit_irq_unmask(struct ddekit_irq *irq);

/**
 * ddekit_irq_free - free one vector
 * @irq: NULL is fine; lines are the device's: nothing happens
 *
 * Any thread. Does not block with emu; with vfio as long as the host's kernel takes to
 * disable the last vector.
 */
void ddekit_irq_free(struct ddekit_irq *irq);

#endif
