/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network device's TAP: made before the first driver host, kept until the
 * device is given back.  What the administrator sets on it (MTU, MAC,
 * promiscuous mode) is passed to the driver, again after each restart.
 */
#include <errno.h>
#include <linux/if_ether.h>

#include "device-keep.h"
#include "log.h"
#include "manager.h"
#include "tap.h"

static void on_link(void *arg, const struct link_state *state);

static void warn(struct device *dev, const char *what, int r)
{
	struct log_about about = device_about(dev);

	log_line(&about, LOG_WARNING, "%s: %s: %s", dev->link.name, what, strerror(-r));
}

/* ---- towards the driver ---------------------------------------------------- */

static void on_mtu_reply(void *arg, const struct host_reply *reply)
{
	int error = reply->error;
	struct device *dev = arg;
	struct log_about about = device_about(dev);

	if (!error || error == -EPIPE || error == -EAGAIN || !dev->watch)
		return;
	log_line(&about, LOG_WARNING, "%s: driver %s refuses MTU %u (%s; it allows %u to %u); "
		 "back to %u", dev->link.name, device_driver(dev), dev->link.mtu,
		 strerror(-error), dev->net.min_mtu, dev->net.max_mtu, dev->net.mtu);
	link_watch_set_mtu(dev->watch, dev->net.mtu);
}

static void on_reply(void *arg, const struct host_reply *reply)
{
	int error = reply->error;
	struct device *dev = arg;

	if (error && error != -EPIPE && error != -EAGAIN)
		warn(dev, "the driver refuses a change of MAC or promiscuous mode", error);
}

static void send_mtu(struct device *dev)
{
	host_request(dev->host, OP_SET_MTU, dev->link.mtu, NULL, on_mtu_reply, dev);
}

static void send_promisc(struct device *dev)
{
	host_request(dev->host, OP_SET_PROMISC, dev->link.promisc, NULL, on_reply, dev);
}

static void send_mac(struct device *dev)
{
	host_request(dev->host, OP_SET_MAC, 0, dev->link.mac, on_reply, dev);
}

static bool serves(const struct device *dev)
{
	return dev->host && dev->state == DEVICE_UP && dev->net_known && dev->link_known;
}

/* After a start or restart the driver knows nothing of the TAP's settings. */
void device_net_ready(struct device *dev)
{
	if (!serves(dev))
		return;
	if (dev->link.mtu != dev->net.mtu)
		send_mtu(dev);
	if (dev->link.promisc)
		send_promisc(dev);
	if (dev->mac_by_admin && memcmp(dev->link.mac, dev->net.mac, ETH_ALEN))
		send_mac(dev);
}

/* ---- from the driver ------------------------------------------------------- */

static void first_message(struct device *dev, const struct proto_net *msg)
{
	int r = tap_set_offload(dev->tap, msg->features);

	if (r < 0)
		warn(dev, "cannot set the offloads of the TAP", r);
	if (dev->mac_by_admin)
		return;
	r = tap_set_mac(dev->tap, msg->mac);
	if (r < 0)
		warn(dev, "cannot set the MAC of the TAP", r);
}

void device_net_message(struct device *dev, const struct proto_net *msg)
{
	struct log_about about = device_about(dev);
	bool first = !dev->net_known || dev->net.features != msg->features;

	if (dev->tap < 0)
		return;
	if (!dev->net_known || dev->net.carrier != msg->carrier)
		log_line(&about, LOG_INFO, "link %s%s", msg->carrier ? "up" : "down",
			 msg->carrier && msg->duplex == 1 ? ", full duplex" : "");
	if (first || (!dev->mac_by_admin && memcmp(dev->net.mac, msg->mac, ETH_ALEN)))
		first_message(dev, msg);
	dev->net = *msg;
	dev->net_known = true;
}

/* ---- the TAP --------------------------------------------------------------- */

static int start_watch(struct device *dev)
{
	_cleanup_close_ int ns = tap_netns_fd(dev->tap);
	char name[IFNAMSIZ];
	int r = tap_name(dev->tap, name);

	if (r < 0)
		return r;
	if (ns < 0)
		return ns;
	return link_watch_create(dev->manager->event, ns, name, on_link, dev, &dev->watch);
}

/* It left the namespace: follow it; or it was deleted under us. */
static void link_left(struct device *dev)
{
	struct log_about about = device_about(dev);

	link_watch_destroy(dev->watch);
	dev->watch = NULL;
	if (start_watch(dev) < 0) {
		device_condemn(dev, "its interface was deleted; bind or restart the device to "
			       "have a new one");
		return;
	}
	log_line(&about, LOG_INFO, "%s has been moved to another network namespace",
		 dev->link.name);
}

static void on_link(void *arg, const struct link_state *state)
{
	struct device *dev = arg;
	struct link_state before = dev->link;
	bool known = dev->link_known;

	if (!state) {
		link_left(dev);
		return;
	}
	dev->link = *state;
	dev->link_known = true;
	if (known && dev->net_known && memcmp(state->mac, before.mac, ETH_ALEN))
		dev->mac_by_admin = memcmp(state->mac, dev->net.mac, ETH_ALEN);
	if (known)
		device_keep(dev);
	if (!serves(dev))
		return;
	if (state->mtu != dev->net.mtu && (!known || state->mtu != before.mtu))
		send_mtu(dev);
	if (state->promisc != (known && before.promisc))
		send_promisc(dev);
	if (known && memcmp(state->mac, before.mac, ETH_ALEN) &&
	    memcmp(state->mac, dev->net.mac, ETH_ALEN))
		send_mac(dev);
}

int device_open_net(struct device *dev, char **ret_why)
{
	int r;

	if (!str_equal(dev->plugin.bridge, "net") || dev->tap >= 0)
		return 0;
	r = tap_open(dev->config->ifname, dev->config->netns, ret_why);
	if (r < 0)
		return r;
	dev->tap = r;
	r = start_watch(dev);
	if (r < 0)
		*ret_why = str_format("cannot watch the interface %s: %s", dev->config->ifname,
				      strerror(-r));
	return r < 0 ? r : 0;
}

int device_adopt_net(struct device *dev)
{
	int r = dev->tap >= 0 ? start_watch(dev) : 0;

	if (r < 0)
		fd_close(&dev->tap);
	return r;
}

void device_close_net(struct device *dev)
{
	link_watch_destroy(dev->watch);
	dev->watch = NULL;
	fd_close(&dev->tap);
	memset(&dev->link, 0, sizeof(dev->link));
	dev->link_known = false;
	dev->mac_by_admin = false;
	memset(&dev->net, 0, sizeof(dev->net));
	dev->net_known = false;
}
