/* SPDX-License-Identifier: GPL-2.0-only */
/* Caches are coherent; the host must be told of new vmalloc mappings. */
#ifndef _ASM_DDE_CACHEFLUSH_H
#define _ASM_DDE_CACHEFLUSH_H

#include <linux/kconfig.h>

/* Return: 0, -ENOMEM: the host has too many mappings already. */
int dde_vmap_sync(unsigned long start, unsigned long end);

/*
 * Flushing cannot fail, but asking the host for a mapping can.  Callers that can
 * handle a failure to map use two functions of mm/vmalloc.c, which flush after mapping
 * and then return their local variable "err": the macro sets that variable.
 * Elsewhere the pages stay unmapped; an access faults, and the fault handler tries
 * again, or reports it.
 */
#define DDE_PASTE_(a, b)	a##b
#define DDE_PASTE(a, b)		DDE_PASTE_(a, b)
#define dde_in_kmod_vmalloc	1

#if __is_defined(DDE_PASTE(dde_in_, __KBUILD_MODNAME))
struct dde_nobody;
extern struct dde_nobody err;	/* what "err" means in all other functions of the file */

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
