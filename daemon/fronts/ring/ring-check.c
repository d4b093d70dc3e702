/* SPDX-License-Identifier: GPL-2.0-only */
/* The disks of a ring, the check of a request by its disk, and counting; see ring.h. */
#include <errno.h>
#include <string.h>

#include "ring-private.h"

/* ---- disks -------------------------------------------------------------------- */

/* Brings disk[] up to date. */
static void check_disk(struct block_ring *ring, uint16_t index)
{
	const struct dde_block_disk *src = &ring->shared->disk[index];
	uint32_t sequence = __atomic_load_n(&src->sequence, __ATOMIC_ACQUIRE);
	struct dde_block_disk d;
	int r;

	if (sequence == ring->disk[index].sequence || sequence == ring->refused[index])
		return;
	r = block_disk_read(src, &d);
	if (!r) {
		ring->disk[index] = d;
	} else if (r == -EINVAL) {
		ring->refused[index] = sequence;
		count(&ring->control->violations, 1);
	}
}

int block_ring_disk(struct block_ring *ring, uint16_t index, struct dde_block_disk *ret)
{
	int r = -ENODEV;

	if (index >= DDE_BLOCK_DISKS)
		return r;
	pthread_mutex_lock(&ring->lock);
	check_disk(ring, index);
	if (ring->disk[index].sequence) {
		*ret = ring->disk[index];
		r = 0;
	}
	pthread_mutex_unlock(&ring->lock);
	return r;
}

uint32_t block_ring_disks_version(const struct block_ring *ring)
{
	uint32_t sum = 0, i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		sum += __atomic_load_n(&ring->shared->disk[i].sequence, __ATOMIC_RELAXED);
	return sum;
}

int block_ring_find(struct block_ring *ring, const char *name, struct dde_block_disk *ret)
{
	struct dde_block_disk d;
	uint16_t i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		if (!block_ring_disk(ring, i, &d) && d.flags & DDE_BLOCK_D_PRESENT &&
		    (!*name || !strcmp(name, d.name))) {
			*ret = d;
			return i;
		}
	return -ENODEV;
}

struct block_control *block_ring_control(struct block_ring *ring)
{
	return ring->control;
}

/* ---- the check of a request ----------------------------------------------------- */

/* How much of it goes in one slot. 0: the disk cannot do that at all. */
static uint32_t part_limit(const struct dde_block_disk *d, uint8_t op)
{
	switch (op) {
	case DDE_BLOCK_FLUSH:
		return 1;
	case DDE_BLOCK_DISCARD:
		return (uint32_t)d->max_discard_bytes;
	case DDE_BLOCK_WRITE_ZEROES:
		return (uint32_t)d->max_zeroes_bytes;
	default:
		return d->max_bytes;
	}
}

int ring_check(struct block_ring *ring, struct block_request *req)
{
	const struct dde_block_disk *d;

	if (req->disk >= DDE_BLOCK_DISKS || req->op > DDE_BLOCK_WRITE_ZEROES)
		return -EINVAL;
	check_disk(ring, req->disk);
	d = &ring->disk[req->disk];
	if (!d->sequence)
		return -ENODEV;
	if (d->flags & DDE_BLOCK_D_READ_ONLY && req->op != DDE_BLOCK_READ &&
	    req->op != DDE_BLOCK_FLUSH)
		return -EROFS;
	req->part = part_limit(d, req->op);
	if (!req->part)
		return -EOPNOTSUPP;
	req->todo = req->bytes;
	if (req->op == DDE_BLOCK_FLUSH) {
		req->todo = 1;
		return req->offset || req->bytes ? -EINVAL : 0;
	}
	if (req->offset % d->logical_block || req->bytes % d->logical_block ||
	    req->offset > d->bytes || req->bytes > d->bytes - req->offset)
		return -EINVAL;
	return 0;
}

/* ---- statistics --------------------------------------------------------------- */

void ring_count_start(struct block_ring *ring, const struct block_request *req)
{
	struct block_disk_stats *s = &ring->control->disk[req->disk];

	count(&s->in_flight, 1);
	switch (req->op) {
	case DDE_BLOCK_READ:
		count(&s->reads, 1);
		count(&s->read_bytes, req->bytes);
		break;
	case DDE_BLOCK_WRITE:
		count(&s->writes, 1);
		count(&s->write_bytes, req->bytes);
		count(&s->fua, req->flags & DDE_BLOCK_FUA ? 1 : 0);
		break;
	case DDE_BLOCK_FLUSH:
		count(&s->flushes, 1);
		break;
	case DDE_BLOCK_DISCARD:
		count(&s->discards, 1);
		count(&s->discard_bytes, req->bytes);
		break;
	case DDE_BLOCK_WRITE_ZEROES:
		count(&s->zeroes, 1);
		count(&s->zero_bytes, req->bytes);
		break;
	}
}

void ring_count_end(struct block_ring *ring, const struct block_request *req)
{
	struct block_disk_stats *s = &ring->control->disk[req->disk];

	count(&s->in_flight, (uint64_t)-1);
	if (req->error)
		count(&s->errors, 1);
}
