/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "net" in ddekitd: jobs on the TAP, in their thread; see ddekitd.h. */
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

void work_tap(void *arg)
{
	struct tap_work *w = arg;

	if (w->has_features)
		w->features_error = tap_set_offload(w->tap, w->features);
	if (w->has_mac)
		w->mac_error = tap_set_mac(w->tap, w->mac);
	if (w->has_mtu)
		tap_set_mtu(w->tap, w->mtu); /* one that is refused changes nothing */
}
