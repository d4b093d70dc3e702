/* SPDX-License-Identifier: GPL-2.0-only */
/* Exclusive ranges (see include/ddekit/resources.h). */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <ddekit/resources.h>

enum range_space { SPACE_MEM, SPACE_IO };

struct range {
	struct range *next;
	struct ddekit_pci *pci;
	enum range_space space;
	uint64_t start, len;
	volatile void *cpu;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct range *ranges;

/* Lock held. */
static bool range_taken(const struct range *want)
{
	struct range *r;

	for (r = ranges; r; r = r->next)
		if (r->pci == want->pci && r->space == want->space &&
		    (r->start < want->start ? want->start - r->start < r->len
					    : r->start - want->start < want->len))
			return true;
	return false;
}

static int range_request(const struct range *want)
{
	struct range *r = malloc(sizeof(*r));
	bool busy;

	if (!r)
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	busy = range_taken(want);
	if (!busy) {
		*r = *want;
		r->next = ranges;
		ranges = r;
	}
	pthread_mutex_unlock(&lock);
	if (busy)
		free(r);
	return busy ? -EBUSY : 0;
}

/* Removes a range. Return: it, to be freed; NULL: there is none. */
static struct range *range_release(struct ddekit_pci *pci, enum range_space space, uint64_t start,
				   uint64_t len)
{
	struct range **p, *r;

	pthread_mutex_lock(&lock);
	for (p = &ranges; (r = *p); p = &r->next)
		if (r->pci == pci && r->space == space && r->start == start && r->len == len) {
			*p = r->next;
			break;
		}
	pthread_mutex_unlock(&lock);
	return r;
}

int ddekit_request_io(struct ddekit_pci *pci, uint32_t start, uint32_t count)
{
	struct range want = { .pci = pci, .space = SPACE_IO, .start = start, .len = count };
	struct ddekit_pci_windows w;

	ddekit_pci_windows(pci, &w);
	if (!count || start < w.io_base || count > w.io_size ||
	    start - w.io_base > w.io_size - count)
		return -ENXIO;
	return range_request(&want);
}

int ddekit_release_io(struct ddekit_pci *pci, uint32_t start, uint32_t count)
{
	struct range *r = range_release(pci, SPACE_IO, start, count);

	free(r);
	return r ? 0 : -ENOENT;
}

int ddekit_request_mem(struct ddekit_pci *pci, ddekit_busaddr start, uint64_t len,
		       volatile void **ret_cpu)
{
	struct range want = { .pci = pci, .space = SPACE_MEM, .start = start.v, .len = len };
	int err = ddekit_pci_map(pci, start, len, &want.cpu);

	if (err)
		return err;
	err = range_request(&want);
	if (err)
		ddekit_pci_unmap(pci, want.cpu, len);
	else
		*ret_cpu = want.cpu;
	return err;
}

int ddekit_release_mem(struct ddekit_pci *pci, ddekit_busaddr start, uint64_t len)
{
	struct range *r = range_release(pci, SPACE_MEM, start.v, len);

	if (!r)
		return -ENOENT;
	ddekit_pci_unmap(pci, r->cpu, len);
	free(r);
	return 0;
}
