/* SPDX-License-Identifier: GPL-2.0-only */
/* The architecture's functions for other kernel-world code (the bridges). */
#ifndef _ASM_DDE_DDE_H
#define _ASM_DDE_DDE_H

#include <linux/types.h>

/**
 * dde_irq_map - the Linux interrupt of an interrupt input of the runtime
 * @hwirq: DDE_HWIRQ_SOFT.., below DDE_HWIRQ_LINE
 *
 * The number is for request_irq(); the interrupt is edge triggered.  Mapping an input
 * twice gives the same number.  Task context, may sleep.
 * Return: > 0, -EINVAL (no such input), -ENOMEM.
 */
int dde_irq_map(unsigned int hwirq);

/**
 * dde_set_idle_hook - set a function to be called whenever a CPU runs out of work
 * @hook: called with interrupts off, on the idle thread, before the CPU sleeps;
 *        must not block, may wake threads and queue work. NULL: remove it
 *
 * There is one hook.  Task context, may sleep.  Return: 0, -EBUSY.
 */
int dde_set_idle_hook(void (*hook)(void));

/**
 * typedef dde_page_fn - reads a page of the device (struct dde_devpage)
 * @name: of the page
 * @number: which of several pages of that name
 * @data: buffer, borrowed for the call
 * @size: of data; -EINVAL if the page is longer
 *
 * One call at a time, in a worker; may sleep until the device answers, but the
 * requester waits for a second only.  Return: bytes > 0, -errno as dde_up_plugin.page.
 */
typedef int dde_page_fn(const char *name, u32 number, void *data, u32 size);

/**
 * dde_set_page_hook - set the function that reads pages of the device
 * @hook: NULL: remove it, after a call in progress has ended
 *
 * There is one hook.  Task context, may sleep.  Return: 0, -EBUSY.
 */
int dde_set_page_hook(dde_page_fn *hook);

#endif
