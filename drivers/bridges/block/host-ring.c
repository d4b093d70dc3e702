/* SPDX-License-Identifier: GPL-2.0-only */
/* Block bridge, host half: see host-ring.h. The data moves without it. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "host-ring.h"
#include "sealed.h"

struct block_back {
	struct dde_block_down down; /* first: what the kernel half calls with */
	int from_front, to_front;
	const struct dde_block_up *up;
	block_back_event_fn on_event;
	void *arg;
};

static const struct block_back *back_of(const struct dde_block_down *down)
{
	return (const struct block_back *)down;
}

/* Edge-triggered: the counter is never read, each write to it is an edge. */
static int32_t back_watch(const struct dde_block_down *down, uint32_t on)
{
	if (on)
		return dde_host_watch(back_of(down)->from_front, down->hwirq);
	dde_host_unwatch(back_of(down)->from_front);
	return 0;
}

static void back_notify(const struct dde_block_down *down)
{
	uint64_t one = 1;
	ssize_t r = write(back_of(down)->to_front, &one, sizeof(one));

	(void)r; /* if it is full, a wake-up is pending already */
	dde_host_count_syscalls(1);
}

static void back_event(const struct dde_block_down *down, uint32_t event, uint32_t index,
		       const char *driver, const struct dde_block_disk *disk)
{
	back_of(down)->on_event(back_of(down)->arg, event, index, driver, disk);
}

int block_back_open(struct dde_host_plugin *plugin, const int fds[3], block_back_event_fn on_event,
		    void *arg, struct block_back **ret)
{
	struct dde_block_up *up = dde_host_plugin_symbol(plugin, DDE_BLOCK_UP_SYMBOL);
	struct block_back *b;
	void *ring;
	int err;

	if (!up)
		return -ENOEXEC;
	if (up->version != DDE_BLOCK_SEAM_VERSION)
		return -EPROTO;
	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	*b = (struct block_back){
		.down = {
			.version = DDE_BLOCK_SEAM_VERSION,
			.watch = back_watch,
			.notify = back_notify,
			.event = back_event,
		},
		.from_front = fds[1],
		.to_front = fds[2],
		.up = up,
		.on_event = on_event,
		.arg = arg,
	};
	err = block_map_sealed(fds[0], DDE_BLOCK_TOTAL, &ring);
	if (!err)
		err = dde_host_irq_alloc(&b->down.hwirq);
	if (err) {
		free(b); /* the process ends with the mapping */
		return err;
	}
	b->down.ring = ring;
	up->down = &b->down;
	*ret = b;
	return 0;
}

const struct dde_block_up *block_back_up(const struct block_back *b)
{
	return b->up;
}

const struct dde_block_disk *block_back_disk(const struct block_back *b, uint32_t index)
{
	const struct dde_block_ring *ring = b->down.ring;

	if (index >= DDE_BLOCK_DISKS || !(ring->disk[index].flags & DDE_BLOCK_D_PRESENT))
		return NULL;
	return &ring->disk[index];
}
