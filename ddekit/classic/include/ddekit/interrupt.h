/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt handlers in threads: one thread per vector or line, on top of
 * <ddekit/irq.h>.  For programs that drive a device without the runtime, which
 * takes its interrupts itself.
 */
#ifndef DDEKIT_INTERRUPT_H
#define DDEKIT_INTERRUPT_H

#include <stdbool.h>
#include <ddekit/irq.h>
#include <ddekit/thread.h>

/**
 * ddekit_interrupt_attach - handle an interrupt
 * @irq:     of ddekit_irq_alloc_vectors() or ddekit_irq_intx(); borrowed until
 *           ddekit_interrupt_detach()
 * @shared:  others may attach, and have; all of them are called
 * @init:    called first in the new thread; NULL: none
 * @handler: called for each interrupt; may access the device
 *
 * The interrupt is enabled on return. A line stays masked while its handlers
 * run and is unmasked after them.
 * Return: the interrupt's thread, which is not the caller's; NULL with errno
 * set (EBUSY: not shared).
 */
ddekit_thread_t *ddekit_interrupt_attach(struct ddekit_irq *irq, bool shared,
					 void (*init)(void *priv),
					 void (*handler)(void *priv), void *priv);
/* Takes the handlers of @priv away; with the last one the thread ends. They do
 * not run any more on return. Not from a handler. Return: 0, -ENOENT. */
int ddekit_interrupt_detach(struct ddekit_irq *irq, void *priv);
/* Handlers are not called between the two; what happens meanwhile is delivered
 * on enable. disable waits for a running handler unless it is the caller.
 * Return: 0, -ENOENT. */
int ddekit_interrupt_disable(struct ddekit_irq *irq);
int ddekit_interrupt_enable(struct ddekit_irq *irq);

#endif
