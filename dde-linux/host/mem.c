/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reserved address range for vmap and vmalloc: pages of the pool are mapped there
 * from the pool's file.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include "internal.h"

#define PAGE_BYTES 4096u
#define STRUCT_PAGE_BYTES 64u
#define FIRST_BYTES (2u << 20) /* less than a boot without a device uses */
#define VMAP_ALIGN (2u << 20)
#define VMAP_LEAST (16u << 20) /* enough for the stacks of some hundred kernel threads */

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

/* The host kernel's limit of mappings per process; its default if that cannot be read. */
static uint64_t max_mappings(void)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
	unsigned long long n = UINT16_MAX - 5;

	if (f) {
		if (fscanf(f, "%llu", &n) != 1)
			n = UINT16_MAX - 5;
		fclose(f);
	}
	return n;
}

/*
 * In the worst case each page of the range is a mapping of its own: with no more pages
 * than mappings, an allocation that has got its addresses has got its mappings.  An eighth
 * is for everything else in the process.
 */
int host_mem_plan(char **ret_why)
{
	uint64_t pages = max_mappings() / 8 * 7, most = DDE_VMAP_SIZE / PAGE_BYTES;

	host.vmap_size = (pages < most ? pages : most) * PAGE_BYTES & ~(uint64_t)(VMAP_ALIGN - 1);
	if (host.vmap_size >= VMAP_LEAST)
		return 0;
	host_why(ret_why,
		 "too few mappings per process for a runtime: set vm.max_map_count to %u "
		 "or more (sysctl)",
		 VMAP_LEAST / PAGE_BYTES / 7 * 8 + 2 * VMAP_ALIGN / PAGE_BYTES);
	return -ENOSPC;
}

int host_mem_init(void)
{
	int err = reserve(DDE_VMAP_BASE, host.vmap_size, MAP_FIXED_NOREPLACE);

	populate(&host.pool);
	if (!err && host.up->shadow_size)
		err = map_shadow(host.up->shadow_base, host.up->shadow_size);
	return err;
}

static bool in_range(uint64_t va, uint64_t len)
{
	return va >= DDE_VMAP_BASE && len <= host.vmap_size &&
	       va - DDE_VMAP_BASE <= host.vmap_size - len;
}

static int32_t mem_vmap(uint64_t va, uint64_t phys, uint64_t len, uint32_t writable)
{
	const int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	const struct ddekit_pool *pool = &host.pool;
	void *at = (void *)(uintptr_t)va;
	off_t offset;

	if (!in_range(va, len) || phys < pool->base.v || len > pool->size ||
	    phys - pool->base.v > pool->size - len)
		return -EINVAL;
	offset = (off_t)(pool->offset + (phys - pool->base.v));
	if (mmap(at, len, prot, MAP_SHARED | MAP_FIXED, pool->fd, offset) != at)
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
