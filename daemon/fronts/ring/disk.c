/* SPDX-License-Identifier: GPL-2.0-only */
/* A disk as the back describes it: read consistently, then checked. */
#include <errno.h>
#include <string.h>

#include "ring.h"

#define TRIES 64
#define MAX_BLOCK 65536u

static bool is_block(uint32_t bytes, uint32_t least)
{
	return bytes >= least && bytes <= 1u << 30 && !(bytes & (bytes - 1));
}

static bool is_sensible(const struct dde_block_disk *d)
{
	return is_block(d->logical_block, 512) && d->logical_block <= MAX_BLOCK &&
	       is_block(d->physical_block, d->logical_block) && d->bytes <= INT64_MAX &&
	       d->bytes % d->logical_block == 0;
}

/* Names become names of exports: no more than a kernel gives a disk. */
static bool is_disk_name(const char *name)
{
	return *name && *name != '.' &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-_.!")];
}

/* Ends it, and takes what is not printable out. Spaces around are no part of it: devices
 * fill their fields with them. */
static void clean(char *text, size_t size)
{
	size_t from, len;
	char *c;

	text[size - 1] = 0;
	for (c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	from = strspn(text, " ");
	len = strlen(text + from);
	while (len && text[from + len - 1] == ' ')
		len--;
	memmove(text, text + from, len);
	memset(text + len, 0, size - len);
}

static uint32_t down(uint64_t bytes, uint32_t unit)
{
	uint64_t most = bytes < 1u << 30 ? bytes : 1u << 30;

	return (uint32_t)(most - most % unit);
}

/* Limits as the front uses them: multiples of the logical block; 0 is "cannot". */
static void limit(struct dde_block_disk *d)
{
	uint32_t unit = d->discard_granularity;

	if (d->io_min % d->logical_block)
		d->io_min = 0;
	if (d->io_opt % d->logical_block)
		d->io_opt = 0;
	d->max_bytes = down(d->max_bytes, d->logical_block);
	if (!d->max_bytes || d->max_bytes > DDE_BLOCK_SLOT_BYTES)
		d->max_bytes = DDE_BLOCK_SLOT_BYTES;
	d->max_zeroes_bytes = down(d->max_zeroes_bytes, d->logical_block);
	if (unit && unit % d->logical_block == 0 && d->max_discard_bytes >= unit &&
	    unit <= 1u << 30)
		d->max_discard_bytes = down(d->max_discard_bytes, unit);
	else
		d->max_discard_bytes = d->discard_granularity = 0;
}

int block_disk_check(struct dde_block_disk *d)
{
	clean(d->name, sizeof(d->name));
	clean(d->model, sizeof(d->model));
	clean(d->serial, sizeof(d->serial));
	clean(d->wwid, sizeof(d->wwid));
	if (!is_disk_name(d->name) || !is_sensible(d))
		return -EINVAL;
	limit(d);
	return 0;
}

int block_disk_read(const struct dde_block_disk *src, struct dde_block_disk *ret)
{
	struct dde_block_disk d;
	uint32_t before, after, i;
	int r;

	for (i = 0; i < TRIES; i++) {
		before = __atomic_load_n(&src->sequence, __ATOMIC_ACQUIRE);
		if (!before)
			return -ENODEV;
		memcpy(&d, (const void *)src, sizeof(d));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		after = __atomic_load_n(&src->sequence, __ATOMIC_RELAXED);
		if (before == after && !(before & 1))
			break;
	}
	if (i == TRIES)
		return -EAGAIN;
	d.sequence = before;
	r = block_disk_check(&d);
	if (!r)
		*ret = d;
	return r;
}
