/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "net" in a driver host: the TAP's carrier, and reports to ddekitd. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "class-host.h"
#include "driver-host/ddekitd.h"
#include "driver-host/mailbox.h"
#include "host-tap.h"
#include "net/protocol.h"

/* A link that is down for this long is shown to the host. Before, the TAP keeps the carrier
 * it had before a restart, so that the host's routes and connections stay. */
#define CARRIER_GRACE_US 4000000u

struct net_bridge {
	struct bridge bridge; /* first */
	struct net_tap *tap;
	struct mail_queue *events;
	bool carrier;
	struct dde_net_info info; /* as last sent; has_info: there is one */
	bool has_info;
	sd_event_source *grace;
};

struct net_mail {
	uint32_t event;
	struct dde_net_info info;
};

static struct net_bridge *net_of(struct bridge *bridge)
{
	return (struct net_bridge *)bridge;
}

static void set_carrier(struct net_bridge *net, bool up)
{
	int err = net_tap_set_carrier(net->tap, up);

	net->carrier = up;
	if (err)
		wire_logf(4, "ddekit-host: cannot set the TAP's carrier: %s", strerror(-err));
}

static int on_grace_over(sd_event_source *source, uint64_t usec, void *arg)
{
	struct net_bridge *net = arg;

	net->grace = sd_event_source_unref(net->grace);
	if (!net->carrier)
		set_carrier(net, false);
	return 0;
}

/* CPU thread; one at a time, for the kernel half holds its rtnl lock. */
static void post_event(void *arg, uint32_t event, const struct dde_net_info *info)
{
	const struct net_bridge *net = arg;
	struct net_mail mail = { .event = event, .info = *info };

	mailbox_queue_post(net->events, &mail);
}

static void send_info(const struct dde_net_info *info)
{
	struct net_export m = {
		.carrier = !!info->carrier,
		.duplex = (uint8_t)info->duplex,
		.mtu = info->mtu,
		.min_mtu = info->min_mtu,
		.max_mtu = info->max_mtu,
		.speed = info->speed,
		.features = info->features,
	};

	memcpy(m.ifname, info->name, sizeof(m.ifname));
	memcpy(m.driver, info->driver, sizeof(m.driver));
	memcpy(m.mac, info->mac, sizeof(m.mac));
	wire_send_export("net", 0, &m, sizeof(m));
}

static void net_on_event(void *arg, const void *item)
{
	struct net_bridge *net = arg;
	const struct bridge_env *env = net->bridge.env;
	const struct net_mail *mail = item;

	/* The host's interface keeps its carrier until ddekitd removes it: a restart
	 * may follow. */
	if (env->leaving())
		return;
	if (mail->event == DDE_NET_GONE) {
		env->fail(-ENODEV, "the driver removed its interface %s", mail->info.name);
		return;
	}
	if (mail->event == DDE_NET_READY && !mail->info.carrier) {
		sd_event_add_time_relative(env->event, &net->grace, CLOCK_MONOTONIC,
					   CARRIER_GRACE_US, 100000, on_grace_over, net);
	} else if (mail->event != DDE_NET_CHANGED) {
		net->grace = sd_event_source_unref(net->grace);
		set_carrier(net, mail->info.carrier);
	}
	net->info = mail->info;
	net->has_info = true;
	send_info(&net->info);
}

static int net_open(const struct bridge_env *env, const struct bridge_parts *parts,
		    struct bridge **ret)
{
	const struct net_setup *setup = (const void *)parts->setup->class_setup;
	struct net_bridge *net = calloc(1, sizeof(*net));
	int err;

	if (!net)
		return -ENOMEM;
	err = mailbox_queue_create(sizeof(struct net_mail), net_on_event, net, &net->events);
	if (!err)
		err = net_tap_open(parts->plugin, parts->fds[0], setup->vnet_hdr, post_event, net,
				   &net->tap);
	if (err) {
		free(net);
		return err;
	}
	*ret = &net->bridge;
	return 0;
}

static bridge_fn net_attach(struct bridge *bridge)
{
	return net_tap_up(net_of(bridge)->tap)->attach;
}

static bridge_fn net_detach(struct bridge *bridge)
{
	return net_tap_up(net_of(bridge)->tap)->detach;
}

static bridge_fn net_stats(struct bridge *bridge)
{
	return net_tap_up(net_of(bridge)->tap)->get_stats;
}

static bridge_fn net_request(struct bridge *bridge, void *data, void **ret_arg)
{
	const struct dde_net_up *up = net_tap_up(net_of(bridge)->tap);
	struct net_request *req = data;

	switch (req->op) {
	case NET_SET_MTU:
		*ret_arg = &req->value;
		return up->set_mtu;
	case NET_SET_PROMISC:
		*ret_arg = &req->value;
		return up->set_promisc;
	case NET_SET_MAC:
		*ret_arg = req->mac;
		return up->set_mac;
	default:
		return NULL;
	}
}

static void net_reloads(struct bridge *bridge)
{
	struct net_bridge *net = net_of(bridge);

	net->carrier = false;
	net->grace = sd_event_source_disable_unref(net->grace);
}

static void net_resend(struct bridge *bridge)
{
	const struct net_bridge *net = net_of(bridge);

	if (net->has_info)
		send_info(&net->info);
}

extern const struct bridge_class net_bridge_class;
const struct bridge_class net_bridge_class = {
	.name = "net",
	.missing = "network interface",
	.n_fds = 1,
	.open = net_open,
	.attach = net_attach,
	.detach = net_detach,
	.reloads = net_reloads,
	.resend = net_resend,
	.stats = net_stats,
	.request = net_request,
};
