/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt handlers in threads: one thread per vector or line, on top of
 * <ddekit/irq.h>.  For programs that drive a device without the runtime, which
 * handles its interrupts itself.
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
 * @shared:  others may attach, and have; all handlers are called
 * @init:    called first in the new thread, for the first handler only; NULL: none
 * @handler: called in the interrupt's thread for each interrupt; may access the device, and
 *           may block
 * @priv:    argument of both, borrowed until ddekit_interrupt_detach(), which it names
 *
 * The interrupt is enabled on return. A line stays masked while its handlers run and is
 * unmasked after them.
 * Any thread. Blocks until the new thread runs.
 * Return: the interrupt's thread, borrowed; NULL with errno set (EBUSY: not shared; ENOMEM,
 * EMFILE, EAGAIN: no thread).
 */
ddekit_thread_t *ddekit_interrupt_attach(struct ddekit_irq *irq, bool shared,
					 void (*init)(void *priv), void (*handler)(void *priv),
					 void *priv);

/**
 * ddekit_interrupt_detach - remove the handlers of @priv; with the last one the thread ends
 *
 * They do not run any more on return.
 * Any thread, but not a handler. Blocks until running handlers have returned.
 * Return: 0, -ENOENT.
 */
int ddekit_interrupt_detach(struct ddekit_irq *irq, void *priv);

/**
 * ddekit_interrupt_disable - stop calling the handlers
 *
 * Interrupts that occur meanwhile are delivered by ddekit_interrupt_enable(). Calls do not
 * nest.
 * Any thread, also a handler. Blocks until running handlers have returned, unless the caller is
 * one of them.
 * Return: 0, -ENOENT (nothing is attached).
 */
int ddekit_interrupt_disable(struct ddekit_irq *irq);

/**
 * ddekit_interrupt_enable - call the handlers again
 *
 * Any thread, also a handler. Does not block.
 * Return: 0, -ENOENT (nothing is attached).
 */
int ddekit_interrupt_enable(struct ddekit_irq *irq);

#endif
