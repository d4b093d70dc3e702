/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA memory (see include/ddekit/dma.h): a list of blocks in the order of their
 * addresses, first fit.  The list is in host memory, out of the device's reach.
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
#define GRAIN 64u		/* of sizes and addresses: a cache line */

struct block {
	struct block *next, *prev;
	uint64_t start, size;	/* device addresses */
	bool used;
	void *bounce;		/* the memory it stands for; NULL: an allocation */
};

struct ddekit_dma_heap {
	pthread_mutex_t lock;
	const struct ddekit_pool *pool;
	struct block *blocks;
};

/* What an allocation must fulfil. */
struct demand {
	uint64_t size, low, high, align, boundary;
};

static void *to_cpu(const struct ddekit_dma_heap *h, uint64_t iova)
{
	return (char *)h->pool->cpu + (iova - h->pool->base.v);
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
	h->blocks = calloc(1, sizeof(*h->blocks));
	err = h->blocks ? ddekit_pgtab_set_region(pool->cpu, pool->base, pool->size) : -ENOMEM;
	if (err) {
		free(h->blocks);
		free(h);
		return err;
	}
	pthread_mutex_init(&h->lock, NULL);
	h->pool = pool;
	h->blocks->start = pool->base.v + offset;
	h->blocks->size = size;
	*ret = h;
	return 0;
}

void ddekit_dma_heap_destroy(struct ddekit_dma_heap *h)
{
	struct block *b;

	if (!h)
		return;
	ddekit_pgtab_clear_region(h->pool->cpu);
	while ((b = h->blocks)) {
		h->blocks = b->next;
		free(b);
	}
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
static struct block *split(struct block *b, uint64_t at)
{
	struct block *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->start = at;
	n->size = b->start + b->size - at;
	n->prev = b;
	n->next = b->next;
	if (n->next)
		n->next->prev = n;
	b->next = n;
	b->size = at - b->start;
	return n;
}

/* Joins b with what follows it. */
static void join(struct block *b)
{
	struct block *n = b->next;

	b->size += n->size;
	b->next = n->next;
	if (b->next)
		b->next->prev = b;
	free(n);
}

static void release(struct block *b)
{
	b->used = false;
	b->bounce = NULL;
	if (b->next && !b->next->used)
		join(b);
	if (b->prev && !b->prev->used)
		join(b->prev);
}

static uint64_t round_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* The lowest address in b that suits; 0: none (no pool begins at 0). */
static uint64_t fit(const struct block *b, const struct demand *d)
{
	uint64_t at = round_up(b->start > d->low ? b->start : d->low, d->align);

	if (d->boundary && (at ^ (at + d->size - 1)) & ~(d->boundary - 1))
		at = round_up(round_up(at, d->boundary), d->align);
	if (at < b->start || at - b->start > b->size || d->size > b->size - (at - b->start))
		return 0;
	return at + d->size - 1 <= d->high ? at : 0;
}

/* Return: a used block, NULL with errno set. */
static struct block *take(struct ddekit_dma_heap *h, const struct demand *d)
{
	struct block *b;
	uint64_t at = 0;

	for (b = h->blocks; b; b = b->next) {
		at = b->used ? 0 : fit(b, d);
		if (at)
			break;
	}
	errno = b ? ENOMEM : ENOSPC;
	if (!b || (at > b->start && !(b = split(b, at))))
		return NULL;
	b->used = true;
	if (b->size > d->size && !split(b, b->start + d->size)) {
		release(b);
		errno = ENOMEM;
		return NULL;
	}
	return b;
}

static struct block *find(struct ddekit_dma_heap *h, uint64_t start)
{
	struct block *b;

	for (b = h->blocks; b; b = b->next)
		if (b->used && b->start == start)
			return b;
	return NULL;
}

/* ---- allocations ---------------------------------------------------------- */

static void *alloc(struct ddekit_dma_heap *h, size_t size, struct demand d, uint64_t *ret_iova)
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
	b = take(h, &d);
	if (b) {
		*ret_iova = b->start;
		cpu = to_cpu(h, b->start);
	}
	pthread_mutex_unlock(&h->lock);
	return cpu ? memset(cpu, 0, d.size) : NULL;
}

void *ddekit_dma_alloc_coherent(struct ddekit_dma_heap *h, size_t size, ddekit_iova *ret_iova)
{
	struct demand d = { .high = ~0ull, .align = size >= PAGE ? PAGE : GRAIN };
	uint64_t iova;
	void *cpu = alloc(h, size, d, &iova);

	if (cpu)
		ret_iova->v = iova;
	return cpu;
}

int ddekit_dma_free_coherent(struct ddekit_dma_heap *h, void *cpu)
{
	uint64_t iova = (uint64_t)((char *)cpu - (char *)h->pool->cpu) + h->pool->base.v;
	struct block *b;

	if (!cpu)
		return 0;
	pthread_mutex_lock(&h->lock);
	b = find(h, iova);
	if (b && b->bounce)
		b = NULL;
	if (b)
		release(b);
	pthread_mutex_unlock(&h->lock);
	return b ? 0 : -EINVAL;
}

void *ddekit_contig_malloc(struct ddekit_dma_heap *h, size_t size, ddekit_iova low,
			   ddekit_iova high, size_t alignment, size_t boundary)
{
	struct demand d = { .low = low.v, .high = high.v, .align = alignment,
			    .boundary = boundary };
	uint64_t iova;

	return alloc(h, size, d, &iova);
}

void ddekit_contig_free(struct ddekit_dma_heap *h, void *p)
{
	ddekit_dma_free_coherent(h, p);
}

/* ---- mappings ------------------------------------------------------------- */

static bool in_pool(const struct ddekit_dma_heap *h, uint64_t at, uint64_t base, size_t len)
{
	return at >= base && len <= h->pool->size && at - base <= h->pool->size - len;
}

int ddekit_dma_map_single(struct ddekit_dma_heap *h, void *cpu, size_t len,
			  enum ddekit_dma_direction dir, ddekit_iova *ret_iova)
{
	uintptr_t pool = (uintptr_t)h->pool->cpu;
	struct demand d = { .size = round_up(len, GRAIN), .high = ~0ull, .align = GRAIN };
	struct block *b;
	int err;

	if (!len || d.size < len)
		return -EINVAL;
	if (in_pool(h, (uintptr_t)cpu, pool, len)) {
		ret_iova->v = h->pool->base.v + ((uintptr_t)cpu - pool);
		return 0;
	}
	pthread_mutex_lock(&h->lock);
	b = take(h, &d);
	err = errno;
	if (b)
		b->bounce = cpu;
	pthread_mutex_unlock(&h->lock);
	if (!b)
		return -err;
	/* What a device does not write must not be an earlier user's. */
	if (dir == DDEKIT_DMA_FROM_DEVICE)
		memset(to_cpu(h, b->start), 0, b->size);
	else
		memcpy(to_cpu(h, b->start), cpu, len);
	ret_iova->v = b->start;
	return 0;
}

/* Locked. Ends a bounce mapping. */
static int unmap_bounce(struct ddekit_dma_heap *h, struct block *b, size_t len,
			enum ddekit_dma_direction dir)
{
	if (len > b->size)
		return -EINVAL;
	if (dir != DDEKIT_DMA_TO_DEVICE)
		memcpy(b->bounce, to_cpu(h, b->start), len);
	release(b);
	return 0;
}

int ddekit_dma_unmap_single(struct ddekit_dma_heap *h, ddekit_iova iova, size_t len,
			    enum ddekit_dma_direction dir)
{
	struct block *b;
	int err;

	pthread_mutex_lock(&h->lock);
	b = find(h, iova.v);
	if (b && b->bounce)
		err = unmap_bounce(h, b, len, dir);
	else
		err = in_pool(h, iova.v, h->pool->base.v, len) ? 0 : -EINVAL;
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
	if (err)	/* the failed one is i - 1; nothing is to be copied back */
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
