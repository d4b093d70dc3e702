/* SPDX-License-Identifier: GPL-2.0-only */
/* Caches are coherent; new vmalloc mappings must be made known to the host. */
#ifndef _ASM_DDE_CACHEFLUSH_H
#define _ASM_DDE_CACHEFLUSH_H

#include <linux/kconfig.h>

/* Return: 0, -ENOMEM: the host has too many mappings already. */
int dde_vmap_sync(unsigned long start, unsigned long end);

/*
 * Flushing cannot fail, says the interface; asking the host for a mapping can.
 * Two functions of mm/vmalloc.c, by which all that can fail is mapped, flush
 * between mapping and returning "err", and have a local variable of that name:
 * there the failure is put into it, and goes the way of any other failure to map.
 * Elsewhere the pages stay unmapped, and whoever touches them has the mapping
 * tried again by the fault, or gets its report.
 */
#define DDE_PASTE_(a, b)	a##b
#define DDE_PASTE(a, b)		DDE_PASTE_(a, b)
#define dde_in_kmod_vmalloc	1

#if __is_defined(DDE_PASTE(dde_in_, __KBUILD_MODNAME))
struct dde_nobody;
extern struct dde_nobody err;	/* what "err" is in all other functions of the file */

static inline void dde_vmap_tell(int failure, int *ret_err)
{
	if (failure && !*ret_err)
		*ret_err = failure;
}

static inline void dde_vmap_tell_nobody(int failure, struct dde_nobody *nobody)
{
}

#define flush_cache_vmap(start, end)						\
	_Generic(&err, int *: dde_vmap_tell, default: dde_vmap_tell_nobody)	\
		(dde_vmap_sync(start, end), &err)
#else
#define flush_cache_vmap(start, end)		((void)dde_vmap_sync(start, end))
#endif
#define flush_cache_vmap_early(start, end)	((void)dde_vmap_sync(start, end))

#include <asm-generic/cacheflush.h>

#endif
