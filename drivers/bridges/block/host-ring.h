/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block bridge, host half: maps the ring of a device's disks and passes wake-ups between
 * the kernel half and the front.  One per process. Main thread unless stated.
 */
#ifndef DDE_BLOCK_HOST_H
#define DDE_BLOCK_HOST_H

#include <stdint.h>
#include "dde_host.h"
#include "seam.h"

/* Called on a CPU thread with interrupts off; must not block. */
typedef void (*block_bridge_event_fn)(uint32_t event, uint32_t index, const char *driver,
				      const struct dde_block_disk *disk);

/**
 * block_bridge_open - join the bridge's plugin to a ring
 * @plugin:     dde_block.so, opened, not yet loaded into the runtime
 * @memory:     memfd of the ring, DDE_BLOCK_TOTAL bytes, sealed against shrinking; mapped,
 *              not kept
 * @from_front: eventfd; borrowed for ever
 * @to_front:   likewise
 * Return: 0, -ENOEXEC (not the block bridge), -EPROTO (other seam version), -EINVAL (no
 * such memory), -errno.
 */
int block_bridge_open(struct dde_host_plugin *plugin, int memory, int from_front, int to_front,
		      block_bridge_event_fn on_event);
/* The kernel half's functions, for requests. NULL: not open. */
const struct dde_block_up *block_bridge_up(void);
/* What the ring says of a disk now. Return: NULL: no disk of that index is there. */
const struct dde_block_disk *block_bridge_disk(uint32_t index);

#endif
