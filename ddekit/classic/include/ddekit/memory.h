/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the host: simple, large (page-aligned), slabs; and memory that is
 * contiguous for a device, from a DMA heap.
 */
#ifndef DDEKIT_MEMORY_H
#define DDEKIT_MEMORY_H

#include <stddef.h>
#include <ddekit/dma.h>

/**
 * ddekit_simple_malloc - as malloc()
 * @size: bytes
 *
 * Any thread. Does not block.
 * Return: memory for ddekit_simple_free(), not zeroed; NULL with errno set.
 */
void *ddekit_simple_malloc(size_t size);

/**
 * ddekit_simple_free - as free()
 * @p: NULL is fine
 *
 * Any thread. Does not block.
 */
void ddekit_simple_free(void *p);

/**
 * ddekit_large_malloc - allocate whole pages
 * @size: bytes, not 0; rounded up to a multiple of 4096
 *
 * Any thread. Does not block.
 * Return: zeroed memory for ddekit_large_free(); NULL with errno set (EINVAL, ENOMEM).
 */
void *ddekit_large_malloc(size_t size);

/**
 * ddekit_large_free - free what ddekit_large_malloc() returned
 * @p: NULL is fine
 *
 * Any thread. Does not block.
 */
void ddekit_large_free(void *p);

/**
 * ddekit_contig_malloc - allocate memory that a device can reach as one piece
 * @size:       bytes, not 0
 * @low, @high: its device addresses are within [low, high]
 * @alignment:  of its device address, bytes, a power of two; 0: 64
 * @boundary:   bytes, a power of two that it does not cross; 0: none
 *
 * Any thread. Does not block.
 * Return: zeroed memory for ddekit_contig_free(); NULL with errno set (ENOSPC, EINVAL, ENOMEM).
 */
void *ddekit_contig_malloc(struct ddekit_dma_heap *heap, size_t size, ddekit_iova low,
			   ddekit_iova high, size_t alignment, size_t boundary);

/**
 * ddekit_contig_free - free what ddekit_contig_malloc() returned
 * @p: NULL is fine
 *
 * Any thread. Does not block.
 */
void ddekit_contig_free(struct ddekit_dma_heap *heap, void *p);

/* Objects of one size. */
struct ddekit_slab;

/**
 * ddekit_slab_init - make an allocator of objects of one size
 * @size: bytes, not 0
 * @heap: the objects can be reached by a device and are 64-byte-aligned; borrowed until
 *        ddekit_slab_destroy(); NULL: ordinary memory, 16-byte-aligned
 *
 * Any thread. Does not block.
 * Return: it, for ddekit_slab_destroy(); NULL with errno set (EINVAL, ENOMEM).
 */
struct ddekit_slab *ddekit_slab_init(size_t size, struct ddekit_dma_heap *heap);

/**
 * ddekit_slab_alloc - allocate an object
 *
 * Any thread. Does not block.
 * Return: the object, not zeroed; NULL with errno set (ENOMEM, ENOSPC).
 */
void *ddekit_slab_alloc(struct ddekit_slab *slab);

/**
 * ddekit_slab_free - free an object of this slab
 * @object: NULL is fine
 *
 * Any thread. Does not block.
 */
void ddekit_slab_free(struct ddekit_slab *slab, void *object);

/**
 * ddekit_slab_destroy - free a slab with all its objects
 * @slab: NULL is fine; no other thread may be in a call for it
 *
 * Any thread. Does not block.
 */
void ddekit_slab_destroy(struct ddekit_slab *slab);

/**
 * ddekit_slab_set_data - attach a pointer of the caller's to a slab
 * @data: borrowed
 *
 * One thread at a time. Does not block.
 */
void ddekit_slab_set_data(struct ddekit_slab *slab, void *data);

/**
 * ddekit_slab_get_data - the pointer that was attached
 *
 * Any thread, not during ddekit_slab_set_data(). Does not block.
 * Return: it; NULL at first.
 */
void *ddekit_slab_get_data(const struct ddekit_slab *slab);

#endif
