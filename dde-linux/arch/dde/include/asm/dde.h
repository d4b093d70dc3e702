/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernel-world code outside the architecture (the bridges) may ask of it. */
#ifndef _ASM_DDE_DDE_H
#define _ASM_DDE_DDE_H

#include <linux/types.h>

/**
 * dde_irq_map - the Linux interrupt of an interrupt input of the runtime
 * @hwirq: DDE_HWIRQ_SOFT.., below DDE_HWIRQ_LINE
 *
 * The number is for request_irq(), which takes a flow of edges.  Mapping an
 * input twice gives the same number.  Task context, may sleep.
 * Return: > 0, -EINVAL (no such input), -ENOMEM.
 */
int dde_irq_map(unsigned int hwirq);

/**
 * dde_set_idle_hook - have a function called whenever a CPU runs out of work
 * @hook: called with interrupts off, on the idle thread, before the CPU sleeps;
 *        must not block, may wake threads and queue work. NULL: none any more
 *
 * There is one hook.  Task context, may sleep.  Return: 0, -EBUSY.
 */
int dde_set_idle_hook(void (*hook)(void));

/**
 * typedef dde_page_fn - reads a page of the device (struct dde_devpage)
 * @name: which
 * @number: of several of the name
 * @data: where to
 * @size: of data; a page that is longer is -EINVAL
 *
 * One call at a time, in a worker; may wait for the device, but whoever asked
 * gives up after a second.  Return: bytes > 0, -errno as dde_up_plugin.page.
 */
typedef int dde_page_fn(const char *name, u32 number, void *data, u32 size);

/**
 * dde_set_page_hook - be asked for pages of the device
 * @hook: NULL: no more; waits for a call that is under way
 *
 * There is one hook.  Task context, may sleep.  Return: 0, -EBUSY.
 */
int dde_set_page_hook(dde_page_fn *hook);

#endif
