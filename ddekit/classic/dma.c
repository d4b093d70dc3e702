/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA memory (see include/ddekit/dma.h): a list of blocks in the order of their
 * addresses, first fit.  The list is in host memory, out of the device's reach.
 * Where the pool is not contiguous for the device no block crosses a border.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ddekit/dma.h>
#include <ddekit/memory.h>
#include <ddekit/pgtab.h>

#define PAGE 4096u
#define GRAIN 64u /* of sizes and addresses: a cache line */

struct block {
	struct block *next, *prev;
	uint64_t start, size; /* device addresses */
	char *cpu;            /* of start */
	bool used;
	void *bounce; /* the memory it is a copy of; NULL: an allocation */
};

struct ddekit_dma_heap {
	pthread_mutex_t lock;
	const struct ddekit_pool *pool;
	struct block *blocks;
};

/* Conditions of an allocation. */
struct demand {
	uint64_t size, low, high, align, boundary;
};

/* The device address of the byte at an offset of the pool. */
static uint64_t pool_iova(const struct ddekit_pool *pool, uint64_t offset)
{
	if (!pool->block_iova)
		return pool->base.v + offset;
	return pool->block_iova[offset / DDEKIT_POOL_BLOCK] + offset % DDEKIT_POOL_BLOCK;
}

/* How many of size bytes from offset on are contiguous for the device. */
static uint64_t pool_one_piece(const struct ddekit_pool *pool, uint64_t offset, uint64_t size)
{
	uint64_t start = pool_iova(pool, offset);
	uint64_t len = DDEKIT_POOL_BLOCK - offset % DDEKIT_POOL_BLOCK;

	if (!pool->block_iova)
		return size;
	while (len < size && pool_iova(pool, offset + len) == start + len)
		len += DDEKIT_POOL_BLOCK;
	return len < size ? len : size;
}

/* The whole heap, free: a block per piece. */
static int heap_add_pieces(struct ddekit_dma_heap *h, uint64_t offset, uint64_t size)
{
	struct block *last = NULL, *b;
	uint64_t done;

	for (done = 0; done < size; done += b->size) {
		b = calloc(1, sizeof(*b));
		if (!b)
			return -ENOMEM;
		b->start = pool_iova(h->pool, offset + done);
		b->size = pool_one_piece(h->pool, offset + done, size - done);
		b->cpu = (char *)h->pool->cpu + offset + done;
		b->prev = last;
		if (last)
			last->next = b;
		else
			h->blocks = b;
		last = b;
	}
	return 0;
}

static void heap_free_blocks(struct ddekit_dma_heap *h)
{
	struct block *b;

	while ((b = h->blocks)) {
		h->blocks = b->next;
		free(b);
	}
}

int ddekit_dma_heap_create(const struct ddekit_pool *pool, uint64_t offset, uint64_t size,
			   struct ddekit_dma_heap **ret)
{
	struct ddekit_dma_heap *h;
	int err;

	if (!size || (offset | size) % PAGE || offset > pool->size || size > pool->size - offset)
		return -EINVAL;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->pool = pool;
	err = heap_add_pieces(h, offset, size);
	if (!err)
		err = ddekit_pgtab_set_region(pool->cpu, pool->base, pool->size);
	if (err) {
		heap_free_blocks(h);
		free(h);
		return err;
	}
	pthread_mutex_init(&h->lock, NULL);
	*ret = h;
	return 0;
}

void ddekit_dma_heap_destroy(struct ddekit_dma_heap *h)
{
	if (!h)
		return;
	ddekit_pgtab_clear_region(h->pool->cpu);
	heap_free_blocks(h);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

uint64_t ddekit_dma_heap_free_bytes(struct ddekit_dma_heap *h)
{
	uint64_t n = 0;
	struct block *b;

	pthread_mutex_lock(&h->lock);
	for (b = h->blocks; b; b = b->next)
		n += b->used ? 0 : b->size;
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* ---- blocks; all locked --------------------------------------------------- */

/* Cuts b at an address inside it. Return: the second part, NULL: no memory. */
static struct block *block_split(struct block *b, uint64_t at)
{
	struct block *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->start = at;
	n->size = b->start + b->size - at;
	n->cpu = b->cpu + (at - b->start);
	n->prev = b;
	n->next = b->next;
	if (n->next)
		n->next->prev = n;
	b->next = n;
	b->size = at - b->start;
	return n;
}

/* Joins b with what follows it. */
static void block_join(struct block *b)
{
	struct block *n = b->next;

	b->size += n->size;
	b->next = n->next;
	if (b->next)
		b->next->prev = b;
	free(n);
}

/* Can b be joined with what follows it? */
static bool block_joinable(const struct block *b)
{
	const struct block *n = b->next;

	return n && !b->used && !n->used && n->start == b->start + b->size &&
	       n->cpu == b->cpu + b->size;
}

static void block_release(struct block *b)
{
	b->used = false;
	b->bounce = NULL;
	if (block_joinable(b))
		block_join(b);
	if (b->prev && block_joinable(b->prev))
		block_join(b->prev);
}

static uint64_t round_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* The lowest suitable address in b; 0: none (no pool begins at 0). */
static uint64_t block_fit(const struct block *b, const struct demand *d)
{
	uint64_t at = round_up(b->start > d->low ? b->start : d->low, d->align);

	if (d->boundary && (at ^ (at + d->size - 1)) & ~(d->boundary - 1))
		at = round_up(round_up(at, d->boundary), d->align);
	if (at < b->start || at - b->start > b->size || d->size > b->size - (at - b->start))
		return 0;
	return at + d->size - 1 <= d->high ? at : 0;
}

/* Return: a used block, NULL with errno set. */
static struct block *block_alloc(struct ddekit_dma_heap *h, const struct demand *d)
{
	struct block *b;
	uint64_t at = 0;

	for (b = h->blocks; b; b = b->next) {
		at = b->used ? 0 : block_fit(b, d);
		if (at)
			break;
	}
	errno = b ? ENOMEM : ENOSPC;
	if (!b || (at > b->start && !(b = block_split(b, at))))
		return NULL;
	b->used = true;
	if (b->size > d->size && !block_split(b, b->start + d->size)) {
		block_release(b);
		errno = ENOMEM;
		return NULL;
	}
	return b;
}

static struct block *block_find(struct ddekit_dma_heap *h, uint64_t start)
{
	struct block *b;

	for (b = h->blocks; b; b = b->next)
		if (b->used && b->start == start)
			return b;
	return NULL;
}

/* ---- allocations ---------------------------------------------------------- */

static void *heap_alloc(struct ddekit_dma_heap *h, size_t size, struct demand d, uint64_t *ret_iova)
{
	struct block *b;
	void *cpu = NULL;

	if (!size || size > h->pool->size || d.align & (d.align - 1) ||
	    d.boundary & (d.boundary - 1) || (d.boundary && d.boundary < size)) {
		errno = size > h->pool->size ? ENOSPC : EINVAL;
		return NULL;
	}
	d.size = round_up(size, GRAIN);
	d.align = d.align < GRAIN ? GRAIN : d.align;
	if (d.boundary && d.boundary < GRAIN)
		d.boundary = GRAIN;
	pthread_mutex_lock(&h->lock);
	b = block_alloc(h, &d);
	if (b) {
		*ret_iova = b->start;
		cpu = b->cpu;
	}
	pthread_mutex_unlock(&h->lock);
	return cpu ? memset(cpu, 0, d.size) : NULL;
}

void *ddekit_dma_alloc_coherent(struct ddekit_dma_heap *h, size_t size, ddekit_iova *ret_iova)
{
	struct demand d = { .high = ~0ull, .align = size >= PAGE ? PAGE : GRAIN };
	uint64_t iova;
	void *cpu = heap_alloc(h, size, d, &iova);

	if (cpu)
		ret_iova->v = iova;
	return cpu;
}

int ddekit_dma_free_coherent(struct ddekit_dma_heap *h, void *cpu)
{
	uint64_t offset = (uint64_t)((uintptr_t)cpu - (uintptr_t)h->pool->cpu);
	struct block *b = NULL;

	if (!cpu)
		return 0;
	pthread_mutex_lock(&h->lock);
	if (offset < h->pool->size)
		b = block_find(h, pool_iova(h->pool, offset));
	if (b && b->bounce)
		b = NULL;
	if (b)
		block_release(b);
	pthread_mutex_unlock(&h->lock);
	return b ? 0 : -EINVAL;
}

void *ddekit_contig_malloc(struct ddekit_dma_heap *h, size_t size, ddekit_iova low,
			   ddekit_iova high, size_t alignment, size_t boundary)
{
	struct demand d = {
		.low = low.v, .high = high.v, .align = alignment, .boundary = boundary
	};
	uint64_t iova;

	return heap_alloc(h, size, d, &iova);
}

void ddekit_contig_free(struct ddekit_dma_heap *h, void *p)
{
	ddekit_dma_free_coherent(h, p);
}

/* ---- mappings ------------------------------------------------------------- */

/* Is [offset, offset + len) in the pool, and contiguous for the device? */
static bool in_pool(const struct ddekit_dma_heap *h, uint64_t offset, size_t len)
{
	return len <= h->pool->size && offset <= h->pool->size - len && len &&
	       pool_one_piece(h->pool, offset, len) == len;
}

/* The offset in the pool of a device address; UINT64_MAX: it is in no pool. */
static uint64_t pool_offset(const struct ddekit_pool *pool, uint64_t iova)
{
	uint64_t i;

	if (!pool->block_iova)
		return iova - pool->base.v < pool->size ? iova - pool->base.v : UINT64_MAX;
	for (i = 0; i < pool->size / DDEKIT_POOL_BLOCK; i++)
		if (iova - pool->block_iova[i] < DDEKIT_POOL_BLOCK)
			return i * DDEKIT_POOL_BLOCK + (iova - pool->block_iova[i]);
	return UINT64_MAX;
}

int ddekit_dma_map_single(struct ddekit_dma_heap *h, void *cpu, size_t len,
			  enum ddekit_dma_direction dir, ddekit_iova *ret_iova)
{
	uint64_t offset = (uint64_t)((uintptr_t)cpu - (uintptr_t)h->pool->cpu);
	struct demand d = { .size = round_up(len, GRAIN), .high = ~0ull, .align = GRAIN };
	struct block *b;
	int err;

	if (!len || d.size < len)
		return -EINVAL;
	if (in_pool(h, offset, len)) {
		ret_iova->v = pool_iova(h->pool, offset);
		return 0;
	}
	pthread_mutex_lock(&h->lock);
	b = block_alloc(h, &d);
	err = errno;
	if (b)
		b->bounce = cpu;
	pthread_mutex_unlock(&h->lock);
	if (!b)
		return -err;
	/* Bytes that the device does not write must not be an earlier user's. */
	if (dir == DDEKIT_DMA_FROM_DEVICE)
		memset(b->cpu, 0, b->size);
	else
		memcpy(b->cpu, cpu, len);
	ret_iova->v = b->start;
	return 0;
}

/* Lock held. Ends a bounce mapping. */
static int block_unmap(struct block *b, size_t len, enum ddekit_dma_direction dir)
{
	if (len > b->size)
		return -EINVAL;
	if (dir != DDEKIT_DMA_TO_DEVICE)
		memcpy(b->bounce, b->cpu, len);
	block_release(b);
	return 0;
}

int ddekit_dma_unmap_single(struct ddekit_dma_heap *h, ddekit_iova iova, size_t len,
			    enum ddekit_dma_direction dir)
{
	struct block *b;
	int err;

	pthread_mutex_lock(&h->lock);
	b = block_find(h, iova.v);
	if (b && b->bounce)
		err = block_unmap(b, len, dir);
	else
		err = in_pool(h, pool_offset(h->pool, iova.v), len) ? 0 : -EINVAL;
	pthread_mutex_unlock(&h->lock);
	return err;
}

int ddekit_dma_map_sg(struct ddekit_dma_heap *h, struct ddekit_sg *sg, unsigned int n,
		      enum ddekit_dma_direction dir)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = ddekit_dma_map_single(h, sg[i].cpu, sg[i].len, dir, &sg[i].iova);
	if (err) /* entry i - 1 failed; the others need no copy back */
		ddekit_dma_unmap_sg(h, sg, i - 1, DDEKIT_DMA_TO_DEVICE);
	return err;
}

int ddekit_dma_unmap_sg(struct ddekit_dma_heap *h, struct ddekit_sg *sg, unsigned int n,
			enum ddekit_dma_direction dir)
{
	int err = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		int e = ddekit_dma_unmap_single(h, sg[i].iova, sg[i].len, dir);

		err = err ? err : e;
	}
	return err;
}
