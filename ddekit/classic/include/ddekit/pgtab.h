/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which physical (pool) address a pointer has, and the other way round: a table
 * of regions.  DMA heaps enter their pools themselves.  Any thread.
 */
#ifndef DDEKIT_PGTAB_H
#define DDEKIT_PGTAB_H

#include <stddef.h>
#include <ddekit/pci.h>

/* Enters a region; page-aligned. Entering the same again counts.
 * Return: 0, -EINVAL, -EEXIST (overlaps another), -ENOMEM. */
int ddekit_pgtab_set_region(void *virt, ddekit_phys phys, size_t size);
/* Takes out the region that begins at virt, once. Return: 0, -ENOENT. */
int ddekit_pgtab_clear_region(void *virt);
/* Return: 0, -ENOENT. */
int ddekit_pgtab_get_physaddr(const void *virt, ddekit_phys *ret);
int ddekit_pgtab_get_virtaddr(ddekit_phys phys, void **ret);

#endif
