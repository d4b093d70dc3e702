/* SPDX-License-Identifier: GPL-2.0-only */
/* Device addresses of the pool: its physical ones, or those of the host's table. */
#ifndef _ASM_DDE_DMA_DIRECT_H
#define _ASM_DDE_DMA_DIRECT_H

/* Device addresses of the pool's blocks of 4 MiB, ascending; NULL: identity. */
extern const u64 *dde_dma_blocks;

dma_addr_t dde_phys_to_dma(phys_addr_t phys);
phys_addr_t dde_dma_to_phys(dma_addr_t addr);

static inline dma_addr_t phys_to_dma(struct device *dev, phys_addr_t phys)
{
	if (dev->dma_range_map)
		return translate_phys_to_dma(dev, phys);
	return likely(!dde_dma_blocks) ? phys : dde_phys_to_dma(phys);
}

static inline phys_addr_t dma_to_phys(struct device *dev, dma_addr_t addr)
{
	if (dev->dma_range_map)
		return translate_dma_to_phys(dev, addr);
	return likely(!dde_dma_blocks) ? addr : dde_dma_to_phys(addr);
}

#endif
