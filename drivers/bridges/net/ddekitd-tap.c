/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "net" in ddekitd: jobs on the TAP, in their thread; see ddekitd.h. */
#include <linux/if_tun.h>

#include "ddekitd.h"
#include "system/take-over.h"
#include "system/tap.h"

void work_net(void *arg)
{
	struct net_work *w = arg;

	if (w->tap < 0) {
		w->tap = tap_open(w->ifname, w->netns, &w->why);
		w->error = w->tap < 0 ? w->tap : 0;
		w->made = !w->error;
	}
	if (w->error < 0)
		return;
	w->error = link_socket_open(w->tap, &w->socket);
	if (w->error < 0)
		w->why = str_format("cannot watch the interface %s: %s", w->ifname,
				    strerror(-w->error));
	else if (w->saved)
		takeover_apply(w->saved, w->tap, &w->notes);
}

void net_work_finish(struct net_work *w)
{
	link_socket_close(&w->socket);
	strv_finish(&w->notes);
	free(w->ifname);
	free(w->netns);
	free(w->why);
}

/* What the TAP may leave to the driver. */
static unsigned int tap_offload(uint64_t features)
{
	unsigned int offload = TUN_F_CSUM;

	if (!(features & DDE_NET_F_CSUM))
		return 0;
	if (features & DDE_NET_F_TSO4)
		offload |= TUN_F_TSO4;
	if (features & DDE_NET_F_TSO6)
		offload |= TUN_F_TSO6;
	return offload;
}

void work_tap(void *arg)
{
	struct tap_work *w = arg;

	if (w->has_features)
		w->features_error = tap_set_offload(w->tap, tap_offload(w->features));
	if (w->has_mac)
		w->mac_error = tap_set_mac(w->tap, w->mac);
	if (w->has_mtu)
		tap_set_mtu(w->tap, w->mtu); /* one that is refused changes nothing */
}
