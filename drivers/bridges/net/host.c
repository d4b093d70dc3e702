/* SPDX-License-Identifier: GPL-2.0-only */
/* The net bridge in a session: the TAP's carrier, and what ddekitd is told. */
#include <errno.h>
#include <string.h>
#include "class-host.h"
#include "driver-host/mailbox.h"
#include "host-tap.h"
#include "driver-host/session.h"

/* A link that is not up by then is told to the host: until then a carrier from
 * before a restart stays, so that the host's routes and connections do too. */
#define CARRIER_GRACE_US 4000000u

static struct {
	sd_event *event;
	bool carrier;
	struct dde_net_info info;	/* as last sent; has_info: there is one */
	bool has_info;
	sd_event_source *grace;
} net;

static void set_carrier(bool up)
{
	int err = net_bridge_set_carrier(up);

	net.carrier = up;
	if (err)
		wire_logf(4, "ddekit-host: cannot set the TAP's carrier: %s", strerror(-err));
}

static int on_grace_over(sd_event_source *source, uint64_t usec, void *arg)
{
	net.grace = sd_event_source_unref(net.grace);
	if (!net.carrier)
		set_carrier(false);
	return 0;
}

static void on_event(uint32_t event, const struct dde_net_info *info)
{
	/* The host's interface keeps its carrier until ddekitd removes it: what
	 * follows may be a restart. */
	if (session_leaving())
		return;
	if (event == DDE_NET_GONE) {
		session_fail(-ENODEV, "the driver removed its interface %s", info->name);
		return;
	}
	if (event == DDE_NET_READY && !info->carrier) {
		sd_event_add_time_relative(net.event, &net.grace, CLOCK_MONOTONIC,
					   CARRIER_GRACE_US, 100000, on_grace_over, NULL);
	} else if (event != DDE_NET_CHANGED) {
		net.grace = sd_event_source_unref(net.grace);
		set_carrier(info->carrier);
	}
	net.info = *info;
	net.has_info = true;
	wire_send_net(info);
}

static int net_open(struct dde_host_plugin *plugin, const struct proto_setup *setup,
		    const struct wire_fds *fds, sd_event *event)
{
	if (fds->tap < 0)
		return -EPROTO;
	net.event = event;
	mailbox_on_net(on_event);
	return net_bridge_open(plugin, fds->tap, setup->vnet_hdr, mailbox_post_net);
}

static int64_t (*net_attach(void))(void *)
{
	return net_bridge_up() ? net_bridge_up()->attach : NULL;
}

static int64_t (*net_detach(void))(void *)
{
	return net_bridge_up() ? net_bridge_up()->detach : NULL;
}

static void net_reloads(void)
{
	net.carrier = false;
	net.grace = sd_event_source_disable_unref(net.grace);
}

static void net_say(void)
{
	if (net.has_info)
		wire_send_net(&net.info);
}

const struct bridge bridge_net = {
	.class = "net",
	.missing = "network interface",
	.open = net_open,
	.attach = net_attach,
	.detach = net_detach,
	.reloads = net_reloads,
	.say = net_say,
};
