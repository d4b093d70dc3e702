/* SPDX-License-Identifier: GPL-2.0-only */
/* Regions of known physical address (see include/ddekit/pgtab.h). */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <ddekit/pgtab.h>

#define PAGE 4096

struct region {
	struct region *next;
	uintptr_t virt;
	uint64_t phys;
	size_t size;
	unsigned int users;
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct region *regions;

static bool ranges_overlap(uint64_t a, uint64_t b, uint64_t a_size, uint64_t b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

/* Lock held. Return: 1: counted, 0: free, -EEXIST. */
static int region_count_or_check(uintptr_t virt, uint64_t phys, size_t size)
{
	struct region *r;

	for (r = regions; r; r = r->next) {
		if (r->virt == virt && r->phys == phys && r->size == size) {
			r->users++;
			return 1;
		}
		if (ranges_overlap(r->virt, virt, r->size, size) ||
		    ranges_overlap(r->phys, phys, r->size, size))
			return -EEXIST;
	}
	return 0;
}

int ddekit_pgtab_set_region(void *virt, ddekit_phys phys, size_t size)
{
	uintptr_t v = (uintptr_t)virt;
	struct region *r;
	int ret;

	if (!size || (v | phys.v | size) & (PAGE - 1) || v + size < v || phys.v + size < phys.v)
		return -EINVAL;
	r = malloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	pthread_rwlock_wrlock(&lock);
	ret = region_count_or_check(v, phys.v, size);
	if (ret == 0) {
		*r = (struct region){
			.next = regions, .virt = v, .phys = phys.v, .size = size, .users = 1
		};
		regions = r;
		r = NULL;
	}
	pthread_rwlock_unlock(&lock);
	free(r);
	return ret < 0 ? ret : 0;
}

int ddekit_pgtab_clear_region(void *virt)
{
	struct region **p, *r;

	pthread_rwlock_wrlock(&lock);
	for (p = &regions; (r = *p); p = &r->next)
		if (r->virt == (uintptr_t)virt)
			break;
	if (r && --r->users == 0)
		*p = r->next;
	pthread_rwlock_unlock(&lock);
	if (!r)
		return -ENOENT;
	if (!r->users)
		free(r);
	return 0;
}

int ddekit_pgtab_get_physaddr(const void *virt, ddekit_phys *ret)
{
	uintptr_t v = (uintptr_t)virt;
	struct region *r;

	pthread_rwlock_rdlock(&lock);
	for (r = regions; r; r = r->next)
		if (v - r->virt < r->size) {
			ret->v = r->phys + (v - r->virt);
			break;
		}
	pthread_rwlock_unlock(&lock);
	return r ? 0 : -ENOENT;
}

int ddekit_pgtab_get_virtaddr(ddekit_phys phys, void **ret)
{
	struct region *r;

	pthread_rwlock_rdlock(&lock);
	for (r = regions; r; r = r->next)
		if (phys.v - r->phys < r->size) {
			*ret = (void *)(r->virt + (phys.v - r->phys));
			break;
		}
	pthread_rwlock_unlock(&lock);
	return r ? 0 : -ENOENT;
}
