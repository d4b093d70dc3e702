/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical (pool) addresses of pointers, and the other way round: a table of
 * regions.  DMA heaps enter their pools themselves.
 */
#ifndef DDEKIT_PGTAB_H
#define DDEKIT_PGTAB_H

#include <stddef.h>
#include <ddekit/pci.h>

/**
 * ddekit_pgtab_set_region - enter a region
 * @virt, @phys: where it begins, page-aligned
 * @size:        bytes, a multiple of 4096, not 0
 *
 * A region that is entered again is counted.
 * Any thread. Does not block.
 * Return: 0, -EINVAL, -EEXIST (overlaps another one), -ENOMEM.
 */
int ddekit_pgtab_set_region(void *virt, ddekit_phys phys, size_t size);

/**
 * ddekit_pgtab_clear_region - remove the region that begins at @virt
 *
 * One that was entered several times goes with the last removal.
 * Any thread. Does not block.
 * Return: 0, -ENOENT.
 */
int ddekit_pgtab_clear_region(void *virt);

/**
 * ddekit_pgtab_get_physaddr - the physical address of a pointer into a region
 * @ret: written only on success
 *
 * Any thread. Does not block.
 * Return: 0, -ENOENT.
 */
int ddekit_pgtab_get_physaddr(const void *virt, ddekit_phys *ret);

/**
 * ddekit_pgtab_get_virtaddr - the pointer for a physical address in a region
 * @ret: written only on success
 *
 * Any thread. Does not block.
 * Return: 0, -ENOENT.
 */
int ddekit_pgtab_get_virtaddr(ddekit_phys phys, void **ret);

#endif
