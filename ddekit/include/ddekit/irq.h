/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of a PCI device: INTx lines, MSI and MSI-X vectors.
 *
 * A message vector is an eventfd that is never read: watch it edge-triggered.
 * An INTx line has a level; its handler is called from ddekit_pci_service() or
 * from within any access that happens to read the change.
 */
#ifndef DDEKIT_IRQ_H
#define DDEKIT_IRQ_H

#include <stdbool.h>
#include <stdint.h>
#include <ddekit/pci.h>

struct ddekit_irq;

enum ddekit_irq_kind { DDEKIT_IRQ_INTX = 0, DDEKIT_IRQ_MSI = 1, DDEKIT_IRQ_MSIX = 2 };

/**
 * ddekit_irq_alloc_vectors - message interrupts of a function
 * @index: the first vector's index in the function's table
 * @count: how many, contiguous, aligned to @count rounded up to a power of two
 * @ret:   array of @count; written only on success
 * Any thread. Return: 0, -ENOSPC, -EOPNOTSUPP, -EINVAL.
 */
int ddekit_irq_alloc_vectors(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn,
			     enum ddekit_irq_kind kind, unsigned int index,
			     unsigned int count, struct ddekit_irq **ret);
/* The line that INTx @pin (1..4) of a function on the root bus is wired to; the
 * same object for functions that share it. Starts masked.
 * Return: 0, -EOPNOTSUPP, -EINVAL. */
int ddekit_irq_intx(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin,
		    struct ddekit_irq **ret);
/* The device that it is an interrupt of. Borrowed. */
struct ddekit_pci *ddekit_irq_pci(const struct ddekit_irq *irq);
/* The eventfd of a vector, borrowed; -1 for a line. */
int ddekit_irq_fd(const struct ddekit_irq *irq);
/* A number that is unique in the device: 0.. for vectors, line number for lines. */
unsigned int ddekit_irq_number(const struct ddekit_irq *irq);
/* The message that makes the device raise it. */
void ddekit_irq_message(const struct ddekit_irq *irq, uint64_t *ret_address,
			uint32_t *ret_data);
/* Lines: @fn is called, with no lock held, whenever the line is asserted and
 * unmasked; the line is then masked until ddekit_irq_unmask(). @fn must not
 * access the device. Set before the first unmask. */
void ddekit_irq_set_handler(struct ddekit_irq *irq, void (*fn)(void *arg), void *arg);
void ddekit_irq_mask(struct ddekit_irq *irq);
void ddekit_irq_unmask(struct ddekit_irq *irq);
/* Gives vectors back one by one; lines are the device's. NULL is fine. */
void ddekit_irq_free(struct ddekit_irq *irq);

#endif
