/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA memory: an allocator over a part of a device's pool, and mappings of
 * other memory through bounce buffers.
 *
 * The runtime owns its whole pool.  These calls are for programs that drive a
 * device without it, or that keep a part of the pool from it.  Any thread.
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
	size_t len;
	ddekit_iova iova;	/* written by ddekit_dma_map_sg() */
};

/**
 * ddekit_dma_heap_create - allocate from a part of a pool
 * @pool:   of ddekit_pci_pool(); borrowed until destroy
 * @offset: in the pool, bytes, a multiple of 4096
 * @size:   bytes, a multiple of 4096, not 0
 * Return: 0, -EINVAL, -ENOMEM; -EEXIST (the pool overlaps another).
 */
int ddekit_dma_heap_create(const struct ddekit_pool *pool, uint64_t offset, uint64_t size,
			   struct ddekit_dma_heap **ret);
/* Its allocations and mappings end. NULL is fine. */
void ddekit_dma_heap_destroy(struct ddekit_dma_heap *heap);
/* Bytes not allocated. */
uint64_t ddekit_dma_heap_free_bytes(struct ddekit_dma_heap *heap);

/* Zeroed memory; page-aligned from a page's size on, else to 64 bytes.
 * Return: NULL with errno set (ENOSPC, EINVAL: size 0). */
void *ddekit_dma_alloc_coherent(struct ddekit_dma_heap *heap, size_t size,
				ddekit_iova *ret_iova);
/* NULL is fine. Return: 0, -EINVAL: not an allocation. */
int ddekit_dma_free_coherent(struct ddekit_dma_heap *heap, void *cpu);

/**
 * ddekit_dma_map_single - let the device reach memory
 * @cpu: anywhere; what lies in the pool costs nothing, other memory is copied
 *       to (on map) and from (on unmap) a bounce buffer, as @dir says
 * Between map and unmap the memory is the device's.
 * Return: 0, -EINVAL (len 0), -ENOSPC.
 */
int ddekit_dma_map_single(struct ddekit_dma_heap *heap, void *cpu, size_t len,
			  enum ddekit_dma_direction dir, ddekit_iova *ret_iova);
/* With the iova and len of map. Return: 0, -EINVAL: neither in the pool nor
 * mapped. */
int ddekit_dma_unmap_single(struct ddekit_dma_heap *heap, ddekit_iova iova, size_t len,
			    enum ddekit_dma_direction dir);
/* All entries or none. Return: as map_single. */
int ddekit_dma_map_sg(struct ddekit_dma_heap *heap, struct ddekit_sg *sg, unsigned int n,
		      enum ddekit_dma_direction dir);
int ddekit_dma_unmap_sg(struct ddekit_dma_heap *heap, struct ddekit_sg *sg, unsigned int n,
			enum ddekit_dma_direction dir);

#endif
