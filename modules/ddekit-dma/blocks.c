// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a pool.
 *
 * These are ordinary pages, mapped for the device while it is attached.  A process can
 * pass its mappings of them to any system call; with memory from dma_alloc_coherent()
 * it could not, because get_user_pages() rejects such mappings.  If the device is not
 * cache-coherent, or the kernel would use bounce buffers, allocation fails.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include "internal.h"

#define BLOCK_ORDER get_order(DDEKIT_DMA_BLOCK)

/* In all pools. */
static atomic_t blocks_used = ATOMIC_INIT(0);

static int reserve(unsigned int n)
{
	unsigned int limit = limit_mib / (DDEKIT_DMA_BLOCK >> 20);

	if (n > DDEKIT_DMA_MAX_BLOCKS)
		return -ENOSPC;
	if ((unsigned int)atomic_add_return(n, &blocks_used) > limit) {
		atomic_sub(n, &blocks_used);
		return -ENOSPC;
	}
	return 0;
}

static struct page *alloc_block(struct pci_dev *pdev)
{
	return alloc_pages_node(dev_to_node(&pdev->dev),
				GFP_KERNEL | GFP_DMA32 | __GFP_COMP | __GFP_ZERO | __GFP_NOWARN |
					__GFP_RETRY_MAYFAIL,
				BLOCK_ORDER);
}

/* Return: 0, -EOPNOTSUPP: CPU and device would need explicit synchronisation. */
static int map_block(struct pci_dev *pdev, struct block *b)
{
	b->dma = dma_map_page_attrs(&pdev->dev, b->page, 0, DDEKIT_DMA_BLOCK, DMA_BIDIRECTIONAL,
				    DMA_ATTR_NO_WARN);
	if (dma_mapping_error(&pdev->dev, b->dma))
		return -EOPNOTSUPP;
	if (!dma_need_sync(&pdev->dev, b->dma))
		return 0;
	dma_unmap_page(&pdev->dev, b->dma, DDEKIT_DMA_BLOCK, DMA_BIDIRECTIONAL);
	return -EOPNOTSUPP;
}

static void unmap_first(struct pci_dev *pdev, struct block *block, unsigned int n)
{
	while (n--)
		dma_unmap_page(&pdev->dev, block[n].dma, DDEKIT_DMA_BLOCK, DMA_BIDIRECTIONAL);
}

static void free_first(struct block *block, unsigned int n)
{
	atomic_sub(n, &blocks_used);
	while (n--)
		put_page(block[n].page);
	kvfree(block);
}

static int by_address(const void *a, const void *b)
{
	dma_addr_t x = ((const struct block *)a)->dma, y = ((const struct block *)b)->dma;

	return x < y ? -1 : x > y;
}

/* Call with the device locked. Maps all blocks or none; on success the pool owns them. */
static int map_all(struct pool *pool, struct block *block, unsigned int n)
{
	unsigned int i;
	int err = pool->live ? 0 : -ESTALE;

	for (i = 0; i < n && !err; i++) {
		err = map_block(pool->pdev, &block[i]);
		if (err)
			unmap_first(pool->pdev, block, i);
	}
	if (err)
		return err;
	/* Blocks that are adjacent for the device are adjacent in the file. */
	sort(block, n, sizeof(*block), by_address, NULL);
	pool->block = block;
	smp_store_release(&pool->n_blocks, n);
	return 0;
}

int blocks_alloc(struct pool *pool, unsigned int n)
{
	struct block *block;
	unsigned int i;
	int err;

	if (pool->n_blocks)
		return -EEXIST;
	if (!n)
		return -EINVAL;
	err = reserve(n);
	if (err)
		return err;
	block = kvcalloc(n, sizeof(*block), GFP_KERNEL);
	if (!block) {
		atomic_sub(n, &blocks_used);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		block[i].page = alloc_block(pool->pdev);
		if (!block[i].page) {
			atomic_sub(n - i, &blocks_used);
			free_first(block, i);
			return -ENOMEM;
		}
	}
	device_lock(&pool->pdev->dev);
	err = map_all(pool, block, n);
	device_unlock(&pool->pdev->dev);
	if (err)
		free_first(block, n);
	return err;
}

void blocks_unmap(struct pool *pool)
{
	unmap_first(pool->pdev, pool->block, pool->n_blocks);
}

void blocks_free(struct pool *pool)
{
	if (pool->n_blocks)
		free_first(pool->block, pool->n_blocks);
}
