/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reserved address range for vmap and vmalloc: pages of the pool appear
 * there by mmap of the pool's file.
 */
#include <errno.h>
#include <sys/mman.h>
#include "internal.h"

static int32_t reserve(uint64_t va, uint64_t len, int flags)
{
	void *at = (void *)(uintptr_t)va;

	if (mmap(at, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0) !=
	    at)
		return -errno;
	return 0;
}

int host_mem_init(void)
{
	return reserve(DDE_VMAP_BASE, DDE_VMAP_SIZE, MAP_FIXED_NOREPLACE);
}

static bool in_range(uint64_t va, uint64_t len)
{
	return va >= DDE_VMAP_BASE && len <= DDE_VMAP_SIZE &&
	       va - DDE_VMAP_BASE <= DDE_VMAP_SIZE - len;
}

static int32_t mem_vmap(uint64_t va, uint64_t phys, uint64_t len)
{
	const struct ddekit_pool *pool = &host.pool;
	void *at = (void *)(uintptr_t)va;
	off_t offset;

	if (!in_range(va, len) || phys < pool->base.v || len > pool->size ||
	    phys - pool->base.v > pool->size - len)
		return -EINVAL;
	offset = (off_t)(pool->offset + (phys - pool->base.v));
	if (mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, pool->fd, offset) != at)
		return -errno;
	return 0;
}

static int32_t mem_vunmap(uint64_t va, uint64_t len)
{
	return in_range(va, len) ? reserve(va, len, MAP_FIXED) : -EINVAL;
}

const struct dde_down_mem host_down_mem = {
	.vmap = mem_vmap,
	.vunmap = mem_vunmap,
};
