/* SPDX-License-Identifier: GPL-2.0-only */
/* How kernels ask for the pool's zones, its zero page and its release; for memory.c. */
#ifndef DDE_MM_COMPAT_H
#define DDE_MM_COMPAT_H

#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include "../compat.h"

#if DDE_SINCE(7, 0)
#define dde_zone_limits arch_zone_limits_init
#define dde_init_zones() \
	do { \
	} while (0)
#else
void __init dde_zone_limits(unsigned long *zones);
static inline void __init dde_init_zones(void)
{
	unsigned long zones[MAX_NR_ZONES] = { 0 };

	dde_zone_limits(zones);
	free_area_init(zones);
}
#endif

#ifdef DDE_HAS_ZERO_PAGE
void __init dde_zero_page_init(void);
#define dde_ask_zero_page() dde_zero_page_init()
#define dde_set_zero_page(page) (empty_zero_page = (page))
#else
#define dde_zero_page_init arch_setup_zero_pages
#define dde_ask_zero_page() \
	do { \
	} while (0)
#define dde_set_zero_page(page) (__zero_page = virt_to_page(page))
#endif

#if DDE_SINCE(6, 15)
#define dde_mem_init arch_mm_preinit
#define dde_free_memory() \
	do { \
	} while (0)
#else
#define dde_mem_init mem_init
static inline void __init dde_free_memory(void)
{
	set_max_mapnr(max_pfn - ARCH_PFN_OFFSET);
	memblock_free_all();
}
#endif

#endif
