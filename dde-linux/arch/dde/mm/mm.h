/* SPDX-License-Identifier: GPL-2.0-only */
/* Interface of mm/: memory; the location of the pool is in asm/page.h. */
#ifndef DDE_MM_H
#define DDE_MM_H

#include <linux/types.h>

/* CPU 0, in setup_arch(). */
void dde_memory_init(void);

/* Any CPU thread, interrupts off, in a signal handler; do not sleep. */
/* Is addr in a page of vmalloc space that the host could not map when it should have? */
bool dde_vmap_missing(unsigned long addr);
/* Tries again to map such a page. Return: whether it is mapped now. */
bool dde_vmap_fault(unsigned long addr);

#endif
