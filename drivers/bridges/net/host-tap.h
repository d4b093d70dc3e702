/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Net bridge, host half: moves packets between the kernel half and a TAP.
 * One per process. Main thread unless stated.
 */
#ifndef DDE_NET_HOST_H
#define DDE_NET_HOST_H

#include <stdint.h>
#include "dde_host.h"
#include "seam.h"

/**
 * net_bridge_open - join the bridge's plugin to a TAP
 * @plugin:   dde_net.so, opened, not yet loaded into the runtime
 * @tap:      TAP fd, non-blocking; borrowed
 * @vnet_hdr: bytes of virtio_net_hdr before each packet, 0, 10 or 12
 * @on_event: called on a CPU thread with a DDE_NET_* event; must not block
 * Return: 0, -ENOEXEC (not the net bridge), -EPROTO (other seam version), -errno.
 */
int net_bridge_open(struct dde_host_plugin *plugin, int tap, uint32_t vnet_hdr,
		    void (*on_event)(uint32_t event, const struct dde_net_info *info));
/* The kernel half's functions, for requests. */
const struct dde_net_up *net_bridge_up(void);
/* Sets the TAP's carrier. Any thread. Return: 0 or -errno. */
int net_bridge_set_carrier(int up);

#endif
