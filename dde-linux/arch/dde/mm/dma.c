// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device addresses that differ from the pool's physical ones: without an IOMMU the
 * pool consists of blocks of 4 MiB anywhere in the machine's memory.
 *
 * The page allocator never returns more than one such block, but bios and
 * scatterlists merge pages that happen to be neighbours.  So where two neighbouring
 * blocks are not neighbours to the device, the last page of the first is reserved:
 * no contiguous memory, hence no buffer, crosses that border.
 */
#include <linux/dma-direct.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include "../compat.h"
#include "../kernel/kernel.h"
#include "internal.h"

#define BLOCK DDE_DMA_BLOCK
static_assert(BLOCK == PAGE_SIZE << MAX_PAGE_ORDER);

const u64 *dde_dma_blocks __ro_after_init;
EXPORT_SYMBOL(dde_dma_blocks);
static unsigned long n_blocks __ro_after_init;

/* A device cannot reach anything outside the pool. */
dma_addr_t dde_phys_to_dma(phys_addr_t phys)
{
	unsigned long offset = phys - dde_pool_base;

	if (offset >= n_blocks * BLOCK)
		return DMA_MAPPING_ERROR;
	return dde_dma_blocks[offset / BLOCK] + offset % BLOCK;
}
EXPORT_SYMBOL(dde_phys_to_dma);

phys_addr_t dde_dma_to_phys(dma_addr_t addr)
{
	unsigned long low = 0, high = n_blocks;

	while (low < high) {
		unsigned long mid = (low + high) / 2;

		if (dde_dma_blocks[mid] <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || addr - dde_dma_blocks[low - 1] >= BLOCK)
		return (phys_addr_t)-1;
	return dde_pool_base + (low - 1) * BLOCK + (addr - dde_dma_blocks[low - 1]);
}
EXPORT_SYMBOL(dde_dma_to_phys);

void __init dde_dma_init(void)
{
	const u64 *block = dde_boot->dma_blocks;
	unsigned long i;

	if (!block)
		return;
	n_blocks = dde_boot->pool_size / BLOCK;
	for (i = 1; i < n_blocks; i++)
		if (block[i] < block[i - 1] + BLOCK)
			panic("device addresses of the pool are not in order");
	dde_dma_blocks = block;
}

void __init dde_dma_reserve_borders(void)
{
	unsigned long i, n = 0;

	for (i = 1; dde_dma_blocks && i < n_blocks; i++) {
		if (dde_dma_blocks[i] == dde_dma_blocks[i - 1] + BLOCK)
			continue;
		memblock_reserve(dde_pool_base + i * BLOCK - PAGE_SIZE, PAGE_SIZE);
		n++;
	}
	if (dde_dma_blocks)
		pr_info("DMA: %lu blocks of 4 MiB in %lu pieces\n", n_blocks, n + 1);
}
