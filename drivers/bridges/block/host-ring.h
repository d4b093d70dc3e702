/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block bridge, host half: maps the ring of a device's disks and passes wake-ups between
 * the kernel half and the front. Main thread unless stated.
 */
#ifndef DDE_BLOCK_HOST_RING_H
#define DDE_BLOCK_HOST_RING_H

#include <stdint.h>
#include "dde_host.h"
#include "seam.h"

struct block_back;

/* Called on a CPU thread with interrupts off; must not block. */
typedef void (*block_back_event_fn)(void *arg, uint32_t event, uint32_t index, const char *driver,
				    const struct dde_block_disk *disk);

/**
 * block_back_open - join the bridge's plugin to a ring
 * @plugin: dde_block.so, opened, not yet loaded into the runtime
 * @fds:    memfd of the ring, DDE_BLOCK_TOTAL bytes, sealed against shrinking: mapped, the
 *          fd is not used afterwards; the eventfd from the front, that to the front:
 *          must never be freed
 * @ret:    lives as long as the process, for the kernel half calls it
 * Return: 0, -ENOEXEC (not the block bridge), -EPROTO (other seam version), -EINVAL (no
 * such memory), -errno.
 */
int block_back_open(struct dde_host_plugin *plugin, const int fds[3], block_back_event_fn on_event,
		    void *arg, struct block_back **ret);
/* The kernel half's functions, for requests. */
const struct dde_block_up *block_back_up(const struct block_back *b);
/* What the ring says of a disk now. Return: NULL: no disk of that index is there. */
const struct dde_block_disk *block_back_disk(const struct block_back *b, uint32_t index);

#endif
