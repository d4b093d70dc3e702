/* SPDX-License-Identifier: GPL-2.0-only */
/* Caches are coherent; new vmalloc mappings must be made known to the host. */
#ifndef _ASM_DDE_CACHEFLUSH_H
#define _ASM_DDE_CACHEFLUSH_H

void dde_vmap_sync(unsigned long start, unsigned long end);

#define flush_cache_vmap(start, end)		dde_vmap_sync(start, end)
#define flush_cache_vmap_early(start, end)	dde_vmap_sync(start, end)

#include <asm-generic/cacheflush.h>

#endif
