// SPDX-License-Identifier: GPL-2.0-only
/* Hands the pool to the kernel's allocators. */
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include "../kernel/kernel.h"
#include "compat.h"
#include "internal.h"
#include "mm.h"

#ifdef DDE_HAS_ZERO_PAGE
void *empty_zero_page __ro_after_init;
EXPORT_SYMBOL(empty_zero_page);
#endif

/* For memremap(), which tells memory from devices by it. */
static struct resource pool_resource = {
	.name = "System RAM",
	.flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY,
};

void __init dde_zone_limits(unsigned long *zones)
{
	zones[ZONE_DMA32] = min(max_low_pfn, 1UL << (32 - PAGE_SHIFT));
	zones[ZONE_NORMAL] = max_low_pfn;
}

/* A page of the pool: one in the image would have no struct page. */
void __init dde_zero_page_init(void)
{
	void *page = memblock_alloc(PAGE_SIZE, PAGE_SIZE);

	if (!page)
		panic("no memory for the zero page");
	dde_set_zero_page(page);
}

void __init dde_memory_init(void)
{
	dde_pool_base = dde_boot->pool_base;
	dde_pool_end = dde_boot->pool_base + dde_boot->pool_size;
	dde_pool_pfn = dde_pool_base >> PAGE_SHIFT;
	dde_vmalloc_end = DDE_VMAP_BASE + dde_boot->vmap_size;
	dde_dma_init();
	memblock_add(dde_pool_base, dde_boot->pool_size);
	pool_resource.start = dde_pool_base;
	pool_resource.end = dde_pool_end - 1;
	if (request_resource(&iomem_resource, &pool_resource))
		panic("the pool is no memory");
	min_low_pfn = dde_pool_pfn;
	max_low_pfn = max_pfn = dde_pool_end >> PAGE_SHIFT;
	high_memory = (void *)dde_pool_end;
	dde_init_zones();
	dde_ask_zero_page();
}

void __init dde_mem_init(void)
{
	dde_dma_reserve_borders();
	dde_free_memory();
}

/* The image is mapped from a file, not from the pool: freeing it would gain nothing. */
void free_initmem(void)
{
}
