/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Net bridge, host half: moves packets between the kernel half and a TAP.
 * Main thread unless stated.
 */
#ifndef DDE_NET_HOST_TAP_H
#define DDE_NET_HOST_TAP_H

#include <stdint.h>
#include "dde_host.h"
#include "seam.h"

struct net_tap;

/* Called on a CPU thread with a DDE_NET_* event; must not block. */
typedef void (*net_tap_event_fn)(void *arg, uint32_t event, const struct dde_net_info *info);

/**
 * net_tap_open - join the bridge's plugin to a TAP
 * @plugin:   dde_net.so, opened, not yet loaded into the runtime
 * @tap:      TAP fd, non-blocking; must stay open until the process ends
 * @vnet_hdr: bytes of virtio_net_hdr before each packet, 0, 10 or 12
 * @ret:      lives as long as the process, for the kernel half calls it
 * Return: 0, -ENOEXEC (not the net bridge), -EPROTO (other seam version), -errno.
 */
int net_tap_open(struct dde_host_plugin *plugin, int tap, uint32_t vnet_hdr,
		 net_tap_event_fn on_event, void *arg, struct net_tap **ret);
/* The kernel half's functions, for requests. */
const struct dde_net_up *net_tap_up(const struct net_tap *t);
/* Sets the TAP's carrier. Any thread. Return: 0 or -errno. */
int net_tap_set_carrier(const struct net_tap *t, int up);

#endif
