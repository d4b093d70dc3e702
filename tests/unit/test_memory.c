/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory, slabs, DMA heaps and mappings, the page table; with a pool made by the test. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ddekit/dma.h>
#include <ddekit/memory.h>
#include <ddekit/pgtab.h>
#include "rig.h"

#define POOL_BASE 0x20000000u
#define POOL_SIZE (1u << 20)

static struct ddekit_pool pool;
static struct ddekit_dma_heap *heap;

static void setup(void)
{
	void *cpu = mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);

	ck_assert_ptr_ne(cpu, MAP_FAILED);
	pool = (struct ddekit_pool){
		.cpu = cpu, .base = { POOL_BASE }, .size = POOL_SIZE, .fd = -1
	};
	ck_assert_int_eq(ddekit_dma_heap_create(&pool, 0, POOL_SIZE, &heap), 0);
}

static void teardown(void)
{
	ddekit_dma_heap_destroy(heap);
	munmap(pool.cpu, POOL_SIZE);
}

START_TEST(large_memory_consists_of_zeroed_pages)
{
	char *p = ddekit_large_malloc(5000);
	int i;

	ck_assert_uint_eq((uintptr_t)p & 4095, 0);
	for (i = 0; i < 8192; i++)
		ck_assert_int_eq(p[i], 0);
	ddekit_large_free(p);
	ck_assert_ptr_null(ddekit_large_malloc(0));
	ck_assert_ptr_null(ddekit_large_malloc(~(size_t)0));
	p = ddekit_simple_malloc(10);
	ck_assert_ptr_nonnull(p);
	ddekit_simple_free(p);
	ddekit_simple_free(NULL);
}
END_TEST

/* ---- slabs ---------------------------------------------------------------- */

START_TEST(a_slab_allocates_distinct_aligned_objects_and_reuses_freed_ones)
{
	struct ddekit_slab *s = ddekit_slab_init(100, NULL);
	char *p[2000], *again;
	int i, k;

	for (i = 0; i < 2000; i++) {
		p[i] = ddekit_slab_alloc(s);
		ck_assert_ptr_nonnull(p[i]);
		ck_assert_uint_eq((uintptr_t)p[i] & 15, 0);
		memset(p[i], i & 0xff, 100);
	}
	for (i = 0; i < 2000; i++)
		for (k = 0; k < 100; k++)
			ck_assert_int_eq((unsigned char)p[i][k], i & 0xff);
	ddekit_slab_free(s, p[17]);
	ddekit_slab_free(s, NULL);
	again = ddekit_slab_alloc(s);
	ck_assert_ptr_eq(again, p[17]);
	ddekit_slab_set_data(s, p);
	ck_assert_ptr_eq(ddekit_slab_get_data(s), p);
	ddekit_slab_destroy(s);
	ddekit_slab_destroy(NULL);
}
END_TEST

START_TEST(a_slab_on_a_heap_is_reachable_and_ends_with_the_heap)
{
	struct ddekit_slab *s = ddekit_slab_init(2048, heap);
	ddekit_phys phys;
	unsigned int n;
	void *p;

	p = ddekit_slab_alloc(s);
	ck_assert_int_eq(ddekit_pgtab_get_physaddr(p, &phys), 0);
	ck_assert_uint_ge(phys.v, POOL_BASE);
	ck_assert_uint_lt(phys.v, POOL_BASE + POOL_SIZE);
	for (n = 1; ddekit_slab_alloc(s); n++)
		;
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_eq(n, POOL_SIZE / 2048);
	ddekit_slab_destroy(s);
	ck_assert_uint_eq(ddekit_dma_heap_free_bytes(heap), POOL_SIZE);
}
END_TEST

START_TEST(slabs_of_impossible_size_are_refused)
{
	ck_assert_ptr_null(ddekit_slab_init(0, NULL));
	ck_assert_ptr_null(ddekit_slab_init(~(size_t)0, NULL));
}
END_TEST

/* ---- heaps ---------------------------------------------------------------- */

START_TEST(coherent_memory_is_zeroed_and_aligned_and_has_the_returned_address)
{
	ddekit_iova a, b;
	char *p = ddekit_dma_alloc_coherent(heap, 100, &a);
	char *q = ddekit_dma_alloc_coherent(heap, 4096, &b);

	ck_assert_uint_eq(a.v & 63, 0);
	ck_assert_uint_eq(b.v & 4095, 0);
	ck_assert_uint_eq((uint64_t)(p - (char *)pool.cpu), a.v - POOL_BASE);
	ck_assert_uint_eq((uint64_t)(q - (char *)pool.cpu), b.v - POOL_BASE);
	memset(p, 0xff, 100);
	ck_assert_int_eq(ddekit_dma_free_coherent(heap, p), 0);
	ck_assert_ptr_eq(ddekit_dma_alloc_coherent(heap, 64, &a), p);
	ck_assert_int_eq(p[0], 0);
	ck_assert_int_eq(ddekit_dma_free_coherent(heap, q), 0);
	ck_assert_int_eq(ddekit_dma_free_coherent(heap, q), -EINVAL);
	ck_assert_int_eq(ddekit_dma_free_coherent(heap, p + 64), -EINVAL);
	ck_assert_int_eq(ddekit_dma_free_coherent(heap, NULL), 0);
}
END_TEST

START_TEST(adjacent_free_blocks_are_merged)
{
	ddekit_iova iova;
	void *p[16];
	int i;

	for (i = 0; i < 16; i++)
		p[i] = ddekit_dma_alloc_coherent(heap, POOL_SIZE / 16, &iova);
	ck_assert_ptr_nonnull(p[15]);
	ck_assert_ptr_null(ddekit_dma_alloc_coherent(heap, 1, &iova));
	ck_assert_int_eq(errno, ENOSPC);
	for (i = 1; i < 16; i += 2)
		ck_assert_int_eq(ddekit_dma_free_coherent(heap, p[i]), 0);
	ck_assert_ptr_null(ddekit_dma_alloc_coherent(heap, POOL_SIZE / 8, &iova));
	for (i = 0; i < 16; i += 2)
		ck_assert_int_eq(ddekit_dma_free_coherent(heap, p[i]), 0);
	ck_assert_ptr_nonnull(ddekit_dma_alloc_coherent(heap, POOL_SIZE, &iova));
}
END_TEST

/* Random allocations are inside the heap, aligned and disjoint; all memory can be freed. */
START_TEST(random_allocations_are_disjoint)
{
	static struct {
		unsigned char *p;
		size_t size;
		unsigned char fill;
	} a[64];
	ddekit_iova iova;
	unsigned int i;

	srand(7);
	for (i = 0; i < 20000; i++) {
		unsigned int k = (unsigned int)rand() % 64;

		if (a[k].p) {
			ck_assert_uint_eq(a[k].p[0], a[k].fill);
			ck_assert_uint_eq(a[k].p[a[k].size - 1], a[k].fill);
			ck_assert_int_eq(ddekit_dma_free_coherent(heap, a[k].p), 0);
			a[k].p = NULL;
			continue;
		}
		a[k].size = 1 + (unsigned int)rand() % 30000;
		a[k].p = ddekit_dma_alloc_coherent(heap, a[k].size, &iova);
		if (!a[k].p)
			continue;
		a[k].fill = (unsigned char)rand();
		memset(a[k].p, a[k].fill, a[k].size);
	}
	for (i = 0; i < 64; i++)
		ddekit_dma_free_coherent(heap, a[i].p);
	ck_assert_uint_eq(ddekit_dma_heap_free_bytes(heap), POOL_SIZE);
}
END_TEST

static uint64_t iova_of(void *p)
{
	return (uint64_t)((char *)p - (char *)pool.cpu) + POOL_BASE;
}

START_TEST(contiguous_memory_obeys_its_limits)
{
	ddekit_iova any = { 0 }, top = { ~0ull }, mid = { POOL_BASE + 0x8000 };
	void *p;

	p = ddekit_contig_malloc(heap, 4096, mid, top, 0x10000, 0);
	ck_assert_uint_eq(iova_of(p), POOL_BASE + 0x10000);
	p = ddekit_contig_malloc(heap, 100, any, (ddekit_iova){ POOL_BASE + 127 }, 0, 0);
	ck_assert_uint_eq(iova_of(p), POOL_BASE);
	ck_assert_ptr_null(
		ddekit_contig_malloc(heap, 100, any, (ddekit_iova){ POOL_BASE + 127 }, 0, 0));
	p = ddekit_contig_malloc(heap, 0xf00, any, top, 0, 0x1000);
	ck_assert_uint_eq(iova_of(p) >> 12, (iova_of(p) + 0xeff) >> 12);
	p = ddekit_contig_malloc(heap, 0xf00, any, top, 0, 0x1000);
	ck_assert_uint_eq(iova_of(p) >> 12, (iova_of(p) + 0xeff) >> 12);
	ck_assert_ptr_null(ddekit_contig_malloc(heap, 100, any, top, 3, 0));
	ck_assert_ptr_null(ddekit_contig_malloc(heap, 100, any, top, 0, 64));
	ck_assert_ptr_null(ddekit_contig_malloc(heap, 100, top, top, 0, 0));
	ck_assert_ptr_null(ddekit_contig_malloc(heap, 0, any, top, 0, 0));
	ddekit_contig_free(heap, p);
	ddekit_contig_free(heap, NULL);
}
END_TEST

START_TEST(a_heap_outside_its_pool_is_refused)
{
	struct ddekit_dma_heap *h;

	ck_assert_int_eq(ddekit_dma_heap_create(&pool, 0, 0, &h), -EINVAL);
	ck_assert_int_eq(ddekit_dma_heap_create(&pool, 100, 4096, &h), -EINVAL);
	ck_assert_int_eq(ddekit_dma_heap_create(&pool, POOL_SIZE, 4096, &h), -EINVAL);
	ck_assert_int_eq(ddekit_dma_heap_create(&pool, 4096, POOL_SIZE, &h), -EINVAL);
	ck_assert_int_eq(ddekit_dma_heap_create(&pool, 4096, 8192, &h), 0);
	ddekit_dma_heap_destroy(h);
	ddekit_dma_heap_destroy(NULL);
}
END_TEST

/* ---- mappings ------------------------------------------------------------- */

static char *device_memory(ddekit_iova iova)
{
	return (char *)pool.cpu + (iova.v - POOL_BASE);
}

START_TEST(memory_of_the_pool_is_mapped_without_a_copy)
{
	ddekit_iova a, b;
	char *p = ddekit_dma_alloc_coherent(heap, 4096, &a);

	ck_assert_int_eq(ddekit_dma_map_single(heap, p + 100, 200, DDEKIT_DMA_TO_DEVICE, &b), 0);
	ck_assert_uint_eq(b.v, a.v + 100);
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, b, 200, DDEKIT_DMA_TO_DEVICE), 0);
}
END_TEST

START_TEST(other_memory_is_copied_by_direction)
{
	char buf[300];
	ddekit_iova iova;

	memset(buf, 'x', sizeof(buf));
	ck_assert_int_eq(ddekit_dma_map_single(heap, buf, 300, DDEKIT_DMA_TO_DEVICE, &iova), 0);
	ck_assert_int_eq(device_memory(iova)[299], 'x');
	device_memory(iova)[0] = 'd';
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, iova, 300, DDEKIT_DMA_TO_DEVICE), 0);
	ck_assert_int_eq(buf[0], 'x');

	ck_assert_int_eq(ddekit_dma_map_single(heap, buf, 300, DDEKIT_DMA_FROM_DEVICE, &iova), 0);
	ck_assert_int_eq(device_memory(iova)[299], 0);
	memset(device_memory(iova), 'd', 300);
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, iova, 300, DDEKIT_DMA_FROM_DEVICE), 0);
	ck_assert_int_eq(buf[299], 'd');

	ck_assert_int_eq(ddekit_dma_map_single(heap, buf, 300, DDEKIT_DMA_BIDIRECTIONAL, &iova), 0);
	ck_assert_int_eq(device_memory(iova)[5], 'd');
	device_memory(iova)[5] = 'e';
	ck_assert_int_eq(ddekit_dma_free_coherent(heap, device_memory(iova)), -EINVAL);
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, iova, 300, DDEKIT_DMA_BIDIRECTIONAL), 0);
	ck_assert_int_eq(buf[5], 'e');
	ck_assert_uint_eq(ddekit_dma_heap_free_bytes(heap), POOL_SIZE);
}
END_TEST

START_TEST(impossible_mappings_are_refused)
{
	static char big[POOL_SIZE + 1];
	ddekit_iova iova = { 1 };

	ck_assert_int_eq(ddekit_dma_map_single(heap, big, 0, DDEKIT_DMA_TO_DEVICE, &iova), -EINVAL);
	ck_assert_int_eq(ddekit_dma_map_single(heap, big, sizeof(big), DDEKIT_DMA_TO_DEVICE, &iova),
			 -ENOSPC);
	ck_assert_uint_eq(iova.v, 1);
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, iova, 4, DDEKIT_DMA_TO_DEVICE), -EINVAL);
}
END_TEST

START_TEST(a_list_is_mapped_completely_or_not_at_all)
{
	static char a[1000], b[2000], big[POOL_SIZE];
	struct ddekit_sg sg[3] = { { a, sizeof(a), { 0 } },
				   { b, sizeof(b), { 0 } },
				   { big, sizeof(big), { 0 } } };

	ck_assert_int_eq(ddekit_dma_map_sg(heap, sg, 3, DDEKIT_DMA_FROM_DEVICE), -ENOSPC);
	ck_assert_uint_eq(ddekit_dma_heap_free_bytes(heap), POOL_SIZE);
	ck_assert_int_eq(ddekit_dma_map_sg(heap, sg, 2, DDEKIT_DMA_FROM_DEVICE), 0);
	memset(device_memory(sg[1].iova), 'z', sizeof(b));
	ck_assert_int_eq(ddekit_dma_unmap_sg(heap, sg, 2, DDEKIT_DMA_FROM_DEVICE), 0);
	ck_assert_int_eq(b[1999], 'z');
	ck_assert_int_eq(a[0], 0);
	ck_assert_uint_eq(ddekit_dma_heap_free_bytes(heap), POOL_SIZE);
}
END_TEST

/* ---- page table ----------------------------------------------------------- */

START_TEST(addresses_translate_both_ways_within_a_region)
{
	ddekit_phys phys;
	void *virt;

	ck_assert_int_eq(ddekit_pgtab_get_physaddr((char *)pool.cpu + 5, &phys), 0);
	ck_assert_uint_eq(phys.v, POOL_BASE + 5);
	ck_assert_int_eq(ddekit_pgtab_get_virtaddr((ddekit_phys){ POOL_BASE + POOL_SIZE - 1 },
						   &virt),
			 0);
	ck_assert_ptr_eq(virt, (char *)pool.cpu + POOL_SIZE - 1);
	ck_assert_int_eq(ddekit_pgtab_get_virtaddr((ddekit_phys){ POOL_BASE + POOL_SIZE }, &virt),
			 -ENOENT);
	ck_assert_int_eq(ddekit_pgtab_get_physaddr(&phys, &phys), -ENOENT);
}
END_TEST

START_TEST(regions_do_not_overlap_and_are_counted)
{
	void *v = (void *)0x700000000000;
	ddekit_phys phys = { 0x40000000 }, other = { 0x50000000 };

	ck_assert_int_eq(ddekit_pgtab_set_region(v, phys, 8192), 0);
	ck_assert_int_eq(ddekit_pgtab_set_region(v, phys, 8192), 0);
	ck_assert_int_eq(ddekit_pgtab_set_region((char *)v + 4096, other, 4096), -EEXIST);
	ck_assert_int_eq(ddekit_pgtab_set_region((char *)v + 0x100000, phys, 4096), -EEXIST);
	ck_assert_int_eq(ddekit_pgtab_set_region((char *)v + 1, other, 4096), -EINVAL);
	ck_assert_int_eq(ddekit_pgtab_set_region(v, other, 0), -EINVAL);
	ck_assert_int_eq(ddekit_pgtab_clear_region(v), 0);
	ck_assert_int_eq(ddekit_pgtab_get_physaddr(v, &other), 0);
	ck_assert_int_eq(ddekit_pgtab_clear_region(v), 0);
	ck_assert_int_eq(ddekit_pgtab_clear_region(v), -ENOENT);
	ck_assert_int_eq(ddekit_pgtab_get_physaddr(v, &other), -ENOENT);
}
END_TEST

/* ---- a pool in pieces, by device address ------------------------------------ */

/* Device addresses: 8 MiB contiguous, then two separate pieces of 4 MiB. */
static const uint64_t pieces[] = { 0x40000000, 0x40400000, 0x50000000, 0x60800000 };

static void setup_pieces(void)
{
	size_t size = 4 * DDEKIT_POOL_BLOCK;
	void *cpu = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(cpu, MAP_FAILED);
	pool = (struct ddekit_pool){
		.cpu = cpu, .base = { POOL_BASE }, .size = size, .fd = -1, .block_iova = pieces
	};
	ck_assert_int_eq(ddekit_dma_heap_create(&pool, 0, size, &heap), 0);
}

static void teardown_pieces(void)
{
	ddekit_dma_heap_destroy(heap);
	munmap(pool.cpu, pool.size);
}

START_TEST(coherent_memory_stays_within_a_piece)
{
	ddekit_iova a, b, c;
	char *p = ddekit_dma_alloc_coherent(heap, 5 << 20, &a);
	char *q = ddekit_dma_alloc_coherent(heap, 3 << 20, &b), *r;

	ck_assert_ptr_eq(p, pool.cpu);
	ck_assert_uint_eq(a.v, 0x40000000);
	ck_assert_ptr_eq(q, (char *)pool.cpu + (5 << 20));
	ck_assert_uint_eq(b.v, 0x40500000);
	ck_assert_ptr_null(ddekit_dma_alloc_coherent(heap, 5 << 20, &c));
	ck_assert_int_eq(errno, ENOSPC);
	r = ddekit_dma_alloc_coherent(heap, 4 << 20, &c);
	ck_assert_ptr_eq(r, (char *)pool.cpu + (8 << 20));
	ck_assert_uint_eq(c.v, 0x50000000);
	ck_assert_int_eq(ddekit_dma_free_coherent(heap, p), 0);
	ck_assert_int_eq(ddekit_dma_free_coherent(heap, q), 0);
	ck_assert_int_eq(ddekit_dma_free_coherent(heap, r), 0);
	ck_assert_uint_eq(ddekit_dma_heap_free_bytes(heap), 16 << 20);
	ck_assert_ptr_nonnull(ddekit_dma_alloc_coherent(heap, 8 << 20, &a));
	ck_assert_ptr_null(ddekit_dma_alloc_coherent(heap, 5 << 20, &a));
}
END_TEST

START_TEST(contiguous_memory_obeys_limits_on_device_addresses)
{
	ddekit_iova low = { 0x60000000 }, high = { 0x6fffffff }, none = { 0x60bfffff };
	char *p = ddekit_contig_malloc(heap, 4096, low, high, 4096, 0);

	ck_assert_ptr_eq(p, (char *)pool.cpu + (12 << 20));
	ck_assert_ptr_null(ddekit_contig_malloc(heap, 4 << 20, low, none, 4096, 0));
	ddekit_contig_free(heap, p);
}
END_TEST

START_TEST(a_mapping_across_a_border_is_copied)
{
	char *at = (char *)pool.cpu + (8 << 20) - 4096;
	ddekit_iova iova;

	ck_assert_int_eq(ddekit_dma_map_single(heap, at, 4096, DDEKIT_DMA_TO_DEVICE, &iova), 0);
	ck_assert_uint_eq(iova.v, 0x407ff000);
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, iova, 4096, DDEKIT_DMA_TO_DEVICE), 0);
	ck_assert_int_eq(ddekit_dma_map_single(heap, at, 8192, DDEKIT_DMA_FROM_DEVICE, &iova), 0);
	ck_assert_uint_eq(iova.v, 0x40000000);
	memset(pool.cpu, 0x5a, 8192);
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, iova, 8192, DDEKIT_DMA_FROM_DEVICE), 0);
	ck_assert_int_eq(at[8191], 0x5a);
	iova.v = 0x48000000;
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, iova, 4096, DDEKIT_DMA_TO_DEVICE), -EINVAL);
}
END_TEST

static TCase *pieces_tcase(void)
{
	TCase *c = tcase_create("pieces");

	tcase_add_checked_fixture(c, setup_pieces, teardown_pieces);
	tcase_add_test(c, coherent_memory_stays_within_a_piece);
	tcase_add_test(c, contiguous_memory_obeys_limits_on_device_addresses);
	tcase_add_test(c, a_mapping_across_a_border_is_copied);
	return c;
}

int main(void)
{
	Suite *s = suite_create("memory");
	TCase *c = tcase_create("memory");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 20);
	tcase_add_test(c, large_memory_consists_of_zeroed_pages);
	tcase_add_test(c, a_slab_allocates_distinct_aligned_objects_and_reuses_freed_ones);
	tcase_add_test(c, a_slab_on_a_heap_is_reachable_and_ends_with_the_heap);
	tcase_add_test(c, slabs_of_impossible_size_are_refused);
	tcase_add_test(c, coherent_memory_is_zeroed_and_aligned_and_has_the_returned_address);
	tcase_add_test(c, adjacent_free_blocks_are_merged);
	tcase_add_test(c, random_allocations_are_disjoint);
	tcase_add_test(c, contiguous_memory_obeys_its_limits);
	tcase_add_test(c, a_heap_outside_its_pool_is_refused);
	tcase_add_test(c, memory_of_the_pool_is_mapped_without_a_copy);
	tcase_add_test(c, other_memory_is_copied_by_direction);
	tcase_add_test(c, impossible_mappings_are_refused);
	tcase_add_test(c, a_list_is_mapped_completely_or_not_at_all);
	tcase_add_test(c, addresses_translate_both_ways_within_a_region);
	tcase_add_test(c, regions_do_not_overlap_and_are_counted);
	suite_add_tcase(s, c);
	suite_add_tcase(s, pieces_tcase());
	return suite_run(s);
}
