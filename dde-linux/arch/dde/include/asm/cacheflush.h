/* SPDX-License-Identifier: GPL-2.0-only */
/* Caches are coherent; the host makes vmalloc's new mappings (mm/vmap.c). */
#ifndef _ASM_DDE_CACHEFLUSH_H
#define _ASM_DDE_CACHEFLUSH_H

/* Makes the host's mappings of [start, end) agree with the page tables. */
void dde_vmap_sync(unsigned long start, unsigned long end);

#define flush_cache_vmap(start, end)		dde_vmap_sync(start, end)
#define flush_cache_vmap_early(start, end)	dde_vmap_sync(start, end)

#include <asm-generic/cacheflush.h>

#endif
