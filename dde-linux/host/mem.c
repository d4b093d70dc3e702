/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reserved address range for vmap and vmalloc: pages of the pool are mapped there
 * from the pool's file.
 */
#include <errno.h>
#include <sys/mman.h>
#include "internal.h"

#define PAGE_BYTES 4096u
#define STRUCT_PAGE_BYTES 64u
#define FIRST_BYTES (2u << 20) /* less than a boot without a device uses */

static int32_t reserve(uint64_t va, uint64_t len, int flags)
{
	void *at = (void *)(uintptr_t)va;

	if (mmap(at, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0) !=
	    at)
		return -errno;
	return 0;
}

/* For a runtime with KASAN: terabytes of address space, of which little is used. */
static int map_shadow(uint64_t base, uint64_t size)
{
	void *at = (void *)(uintptr_t)base;

	if (mmap(at, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != at)
		return -errno;
	/* Neither a huge page per touched byte nor all of it in a core file. */
	madvise(at, size, MADV_NOHUGEPAGE);
	madvise(at, size, MADV_DONTDUMP);
	return 0;
}

/*
 * Populates the memory that every boot writes: a struct page for each page, at the pool's
 * end, and the first allocations, at its beginning.  That takes a fraction of the time of
 * as many page faults.  Optional: Linux before 5.14 refuses it.
 */
static void populate(const struct ddekit_pool *pool)
{
	uint64_t map = pool->size / PAGE_BYTES * STRUCT_PAGE_BYTES;

	if (map + FIRST_BYTES > pool->size)
		return;
	madvise(pool->cpu, FIRST_BYTES, MADV_POPULATE_WRITE);
	madvise((char *)pool->cpu + pool->size - map, map, MADV_POPULATE_WRITE);
}

int host_mem_init(void)
{
	int err = reserve(DDE_VMAP_BASE, DDE_VMAP_SIZE, MAP_FIXED_NOREPLACE);

	populate(&host.pool);
	if (!err && host.up->shadow_size)
		err = map_shadow(host.up->shadow_base, host.up->shadow_size);
	return err;
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

/*
 * At the limit of mappings the host kernel refuses even this mmap, but not munmap, after
 * which the mmap may succeed.  If another thread was faster, a hole remains, which the
 * host kernel does not use while there is other address space.
 */
static int32_t mem_vunmap(uint64_t va, uint64_t len)
{
	int32_t err;

	if (!in_range(va, len))
		return -EINVAL;
	err = reserve(va, len, MAP_FIXED);
	if (err != -ENOMEM)
		return err;
	if (munmap((void *)(uintptr_t)va, len) < 0)
		return -errno;
	reserve(va, len, MAP_FIXED);
	return 0;
}

static int32_t mem_seal(uint64_t va, uint64_t len)
{
	return mprotect((void *)(uintptr_t)va, len, PROT_NONE) < 0 ? -errno : 0;
}

const struct dde_down_mem host_down_mem = {
	.vmap = mem_vmap,
	.vunmap = mem_vunmap,
	.seal = mem_seal,
};
