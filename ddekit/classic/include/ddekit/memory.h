/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the host: simple, large (page-aligned), slabs; and memory that is
 * contiguous for a device, from a DMA heap.  Any thread.
 */
#ifndef DDEKIT_MEMORY_H
#define DDEKIT_MEMORY_H

#include <stddef.h>
#include <ddekit/dma.h>

/* As malloc() and free(). */
void *ddekit_simple_malloc(size_t size);
void ddekit_simple_free(void *p);

/* Zeroed whole pages. NULL with errno set. */
void *ddekit_large_malloc(size_t size);
void ddekit_large_free(void *p);

/**
 * ddekit_contig_malloc - memory that a device can reach as one piece
 * @low, @high:  its device addresses lie within [low, high]
 * @alignment:   of its device address, a power of two; 0: 64
 * @boundary:    a power of two that it does not cross; 0: none
 * Zeroed. Return: NULL with errno set (ENOSPC, EINVAL).
 */
void *ddekit_contig_malloc(struct ddekit_dma_heap *heap, size_t size, ddekit_iova low,
			   ddekit_iova high, size_t alignment, size_t boundary);
void ddekit_contig_free(struct ddekit_dma_heap *heap, void *p);

/* Objects of one size. */
struct ddekit_slab;

/* heap: objects a device can reach, cache line aligned; NULL: ordinary memory,
 * 16 byte aligned. Return: NULL with errno set. */
struct ddekit_slab *ddekit_slab_init(size_t size, struct ddekit_dma_heap *heap);
/* Not zeroed. NULL with errno set. */
void *ddekit_slab_alloc(struct ddekit_slab *slab);
void ddekit_slab_free(struct ddekit_slab *slab, void *object);
/* Frees the objects as well. NULL is fine. */
void ddekit_slab_destroy(struct ddekit_slab *slab);
void ddekit_slab_set_data(struct ddekit_slab *slab, void *data);
void *ddekit_slab_get_data(const struct ddekit_slab *slab);

#endif
