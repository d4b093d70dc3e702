/* SPDX-License-Identifier: GPL-2.0-only */
/* Host memory and slabs (see include/ddekit/memory.h). */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <ddekit/memory.h>

#define PAGE 4096
#define CHUNK_SIZE 65536 /* of a slab, at least */

void *ddekit_simple_malloc(size_t size)
{
	return malloc(size);
}

void ddekit_simple_free(void *p)
{
	free(p);
}

void *ddekit_large_malloc(size_t size)
{
	size_t whole = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
	void *p;
	int err;

	if (!size || whole < size) {
		errno = size ? ENOMEM : EINVAL;
		return NULL;
	}
	err = posix_memalign(&p, PAGE, whole);
	if (err) {
		errno = err;
		return NULL;
	}
	return memset(p, 0, whole);
}

void ddekit_large_free(void *p)
{
	free(p);
}

/* ---- slabs ---------------------------------------------------------------- */

struct chunk {
	struct chunk *next;
	void *memory;
};

/* The list of free objects is not kept in the objects: a device may write into those. */
struct ddekit_slab {
	pthread_mutex_t lock;
	size_t size;
	struct ddekit_dma_heap *heap;
	struct chunk *chunks;
	void **free; /* has room for all objects */
	size_t n_free, n_objects;
	void *data;
};

struct ddekit_slab *ddekit_slab_init(size_t size, struct ddekit_dma_heap *heap)
{
	size_t align = heap ? 64 : 16;
	struct ddekit_slab *s;

	if (!size || size > SIZE_MAX / 2) {
		errno = EINVAL;
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	s->size = (size + align - 1) & ~(align - 1);
	s->heap = heap;
	return s;
}

static void *slab_get_memory(struct ddekit_slab *s, size_t size)
{
	ddekit_iova iova;

	return s->heap ? ddekit_dma_alloc_coherent(s->heap, size, &iova) : malloc(size);
}

static void slab_put_memory(struct ddekit_slab *s, void *p)
{
	if (s->heap)
		ddekit_dma_free_coherent(s->heap, p);
	else
		free(p);
}

/* Lock held. Return: 0; -1 with errno set. */
static int slab_grow(struct ddekit_slab *s)
{
	size_t n = s->size < CHUNK_SIZE ? CHUNK_SIZE / s->size : 1, i;
	struct chunk *c = malloc(sizeof(*c));
	void **room = realloc(s->free, (s->n_objects + n) * sizeof(void *));

	if (room)
		s->free = room;
	if (c)
		c->memory = room ? slab_get_memory(s, n * s->size) : NULL;
	if (!c || !c->memory) {
		int err = room && c ? errno : ENOMEM;

		free(c);
		errno = err;
		return -1;
	}
	c->next = s->chunks;
	s->chunks = c;
	s->n_objects += n;
	for (i = n; i; i--)
		s->free[s->n_free++] = (char *)c->memory + (i - 1) * s->size;
	return 0;
}

void *ddekit_slab_alloc(struct ddekit_slab *s)
{
	void *p = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->n_free || !slab_grow(s))
		p = s->free[--s->n_free];
	pthread_mutex_unlock(&s->lock);
	return p;
}

void ddekit_slab_free(struct ddekit_slab *s, void *object)
{
	if (!object)
		return;
	pthread_mutex_lock(&s->lock);
	s->free[s->n_free++] = object;
	pthread_mutex_unlock(&s->lock);
}

void ddekit_slab_destroy(struct ddekit_slab *s)
{
	struct chunk *c;

	if (!s)
		return;
	while ((c = s->chunks)) {
		s->chunks = c->next;
		slab_put_memory(s, c->memory);
		free(c);
	}
	pthread_mutex_destroy(&s->lock);
	free(s->free);
	free(s);
}

void ddekit_slab_set_data(struct ddekit_slab *s, void *data)
{
	s->data = data;
}

void *ddekit_slab_get_data(const struct ddekit_slab *s)
{
	return s->data;
}
