/* SPDX-License-Identifier: GPL-2.0-only */
/* Block bridge, host half: see host.h. The data moves without it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host-ring.h"

static struct {
	int from_front, to_front;
	struct dde_block_up *up;
	struct dde_block_down down;
	block_bridge_event_fn on_event;
} block = { .from_front = -1, .to_front = -1 };

/* Edge-triggered: the counter is never read, each write to it is an edge. */
static int32_t block_watch(uint32_t on)
{
	if (on)
		return dde_host_watch(block.from_front, block.down.hwirq);
	dde_host_unwatch(block.from_front);
	return 0;
}

static void block_notify(void)
{
	uint64_t one = 1;
	ssize_t r = write(block.to_front, &one, sizeof(one));

	(void)r;	/* full means that the front has been told already */
	dde_host_count_syscalls(1);
}

static void block_event(uint32_t event, uint32_t index, const char *driver,
			const struct dde_block_disk *disk)
{
	block.on_event(event, index, driver, disk);
}

/* A file that the front could shrink would let it kill us. */
static int map_ring(int fd, struct dde_block_ring **ret)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p;

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) ||
	    st.st_size < (off_t)DDE_BLOCK_TOTAL)
		return -EINVAL;
	p = mmap(NULL, DDE_BLOCK_TOTAL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	return 0;
}

int block_bridge_open(struct dde_host_plugin *plugin, int memory, int from_front, int to_front,
		      block_bridge_event_fn on_event)
{
	struct dde_block_up *up = dde_host_plugin_symbol(plugin, DDE_BLOCK_UP_SYMBOL);
	int err;

	if (!up)
		return -ENOEXEC;
	if (up->version != DDE_BLOCK_SEAM_VERSION)
		return -EPROTO;
	block.down = (struct dde_block_down){
		.version = DDE_BLOCK_SEAM_VERSION,
		.watch = block_watch,
		.notify = block_notify,
		.event = block_event,
	};
	err = map_ring(memory, &block.down.ring);
	if (!err)
		err = dde_host_irq_alloc(&block.down.hwirq);
	if (err)
		return err;
	block.from_front = from_front;
	block.to_front = to_front;
	block.on_event = on_event;
	block.up = up;
	up->down = &block.down;
	return 0;
}

const struct dde_block_up *block_bridge_up(void)
{
	return block.up;
}

const struct dde_block_disk *block_bridge_disk(uint32_t index)
{
	const struct dde_block_ring *ring = block.down.ring;

	if (!ring || index >= DDE_BLOCK_DISKS || !(ring->disk[index].flags & DDE_BLOCK_D_PRESENT))
		return NULL;
	return &ring->disk[index];
}
