/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA memory: an allocator over a part of a device's pool, and mappings of
 * other memory through bounce buffers.
 *
 * The runtime owns its whole pool.  These calls are for programs that drive a device without
 * the runtime, or that withhold a part of the pool from it.
 */
#ifndef DDEKIT_DMA_H
#define DDEKIT_DMA_H

#include <stddef.h>
#include <ddekit/pci.h>

struct ddekit_dma_heap;

enum ddekit_dma_direction {
	DDEKIT_DMA_BIDIRECTIONAL = 0,
	DDEKIT_DMA_TO_DEVICE = 1,
	DDEKIT_DMA_FROM_DEVICE = 2,
};

struct ddekit_sg {
	void *cpu;
	size_t len;       /* bytes */
	ddekit_iova iova; /* written by ddekit_dma_map_sg() */
};

/**
 * ddekit_dma_heap_create - allocate from a part of a pool
 * @pool:   of ddekit_pci_pool(); borrowed until ddekit_dma_heap_destroy()
 * @offset: in the pool, bytes, a multiple of 4096
 * @size:   bytes, a multiple of 4096, not 0
 * @ret:    written only on success
 *
 * Enters the pool into the table of pgtab.h.
 * Any thread. Does not block.
 * Return: 0, -EINVAL, -ENOMEM, -EEXIST (the pool overlaps another one).
 */
int ddekit_dma_heap_create(const struct ddekit_pool *pool, uint64_t offset, uint64_t size,
			   struct ddekit_dma_heap **ret);

/**
 * ddekit_dma_heap_destroy - end a heap with its allocations and mappings
 * @heap: NULL is fine; no other thread may be in a call for it
 *
 * Any thread. Does not block.
 */
void ddekit_dma_heap_destroy(struct ddekit_dma_heap *heap);

/**
 * ddekit_dma_heap_free_bytes - how much is not allocated, in one piece or several
 *
 * Any thread. Does not block.
 * Return: bytes.
 */
uint64_t ddekit_dma_heap_free_bytes(struct ddekit_dma_heap *heap);

/**
 * ddekit_dma_alloc_coherent - allocate memory that device and processor both see
 * @size:     bytes, not 0
 * @ret_iova: written only on success
 *
 * Any thread. Does not block.
 * Return: zeroed memory for ddekit_dma_free_coherent(), page-aligned if @size is at least 4096,
 * else 64-byte-aligned; NULL with errno set (ENOSPC, EINVAL, ENOMEM).
 */
void *ddekit_dma_alloc_coherent(struct ddekit_dma_heap *heap, size_t size, ddekit_iova *ret_iova);

/**
 * ddekit_dma_free_coherent - free what ddekit_dma_alloc_coherent() returned
 * @cpu: NULL is fine
 *
 * Any thread. Does not block.
 * Return: 0, -EINVAL (not an allocation).
 */
int ddekit_dma_free_coherent(struct ddekit_dma_heap *heap, void *cpu);

/**
 * ddekit_dma_map_single - let the device reach memory
 * @cpu:      anywhere; borrowed until ddekit_dma_unmap_single(). Memory of the pool costs
 *            nothing, other memory is copied to (on map) and from (on unmap) a bounce buffer,
 *            as @dir says
 * @len:      bytes, not 0
 * @ret_iova: written only on success
 *
 * Between map and unmap the memory belongs to the device.
 * Any thread. Does not block.
 * Return: 0, -EINVAL, -ENOSPC, -ENOMEM.
 */
int ddekit_dma_map_single(struct ddekit_dma_heap *heap, void *cpu, size_t len,
			  enum ddekit_dma_direction dir, ddekit_iova *ret_iova);

/**
 * ddekit_dma_unmap_single - end a mapping
 * @iova, @len, @dir: of ddekit_dma_map_single()
 *
 * Any thread. Does not block.
 * Return: 0, -EINVAL (neither in the pool nor mapped).
 */
int ddekit_dma_unmap_single(struct ddekit_dma_heap *heap, ddekit_iova iova, size_t len,
			    enum ddekit_dma_direction dir);

/**
 * ddekit_dma_map_sg - map a list of pieces: all of them or none
 * @sg: @n entries; their memory is borrowed until ddekit_dma_unmap_sg()
 *
 * Any thread. Does not block.
 * Return: as ddekit_dma_map_single().
 */
int ddekit_dma_map_sg(struct ddekit_dma_heap *heap, struct ddekit_sg *sg, unsigned int n,
		      enum ddekit_dma_direction dir);

/**
 * ddekit_dma_unmap_sg - end the mappings of ddekit_dma_map_sg()
 *
 * Any thread. Does not block.
 * Return: 0, or the first entry's error that ddekit_dma_unmap_single() returned; the others
 * are unmapped.
 */
int ddekit_dma_unmap_sg(struct ddekit_dma_heap *heap, struct ddekit_sg *sg, unsigned int n,
			enum ddekit_dma_direction dir);

#endif
