/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network device's TAP: made before the first driver host, kept until the
 * device is released.  What the administrator sets on it (MTU, MAC,
 * promiscuous mode) is passed to the driver, again after each restart.
 */
#include <errno.h>
#include <linux/if_ether.h>

#include "keep.h"
#include "work.h"
#include "private.h"
#include "lib/job.h"
#include "lib/log.h"
#include "system/tap.h"

#define NET_LIMIT_MS 30000

static void on_link(void *arg, const struct link_state *state);
static void set_tap(struct device *dev, const struct tap_work *what);

static void net_warn(struct device *dev, const char *what, int r)
{
	struct log_about about = device_about(dev);

	log_line(&about, LOG_WARNING, "%s: %s: %s", dev->net.link.name, what, strerror(-r));
}

/* ---- settings of the TAP ------------------------------------------------------- */

static void tap_done(void *arg)
{
	struct tap_work *w = arg;

	if (w->features_error < 0)
		net_warn(w->dev, "cannot set the offloads of the TAP", w->features_error);
	if (w->mac_error < 0)
		net_warn(w->dev, "cannot set the MAC of the TAP", w->mac_error);
	free(w);
}

static const struct job_ops tap_ops = { .work = work_tap, .done = tap_done };

/* The TAP stays open for the job: closing it is a later job. */
static void set_tap(struct device *dev, const struct tap_work *what)
{
	struct tap_work *w = malloc(sizeof(*w));
	int r = -ENOMEM;

	if (w) {
		*w = *what;
		w->dev = dev;
		w->tap = dev->net.tap;
		r = jobs_add(dev->work.jobs, &tap_ops, w);
	}
	if (r < 0) {
		free(w);
		net_warn(dev, "cannot set up the TAP", r);
	}
}

/* ---- towards the driver ---------------------------------------------------- */

static void on_mtu_reply(void *arg, const struct host_reply *reply)
{
	int error = reply->error;
	struct device *dev = arg;
	struct log_about about = device_about(dev);

	if (!error || error == -EPIPE || error == -EAGAIN || !dev->net.watch)
		return;
	log_line(&about, LOG_WARNING, "%s: driver %s refuses MTU %u (%s; it allows %u to %u); "
		 "back to %u", dev->net.link.name, device_driver(dev), dev->net.link.mtu,
		 strerror(-error), dev->net.driver.min_mtu, dev->net.driver.max_mtu,
		 dev->net.driver.mtu);
	set_tap(dev, &(struct tap_work){ .has_mtu = true, .mtu = dev->net.driver.mtu });
}

static void on_set_reply(void *arg, const struct host_reply *reply)
{
	int error = reply->error;
	struct device *dev = arg;

	if (error && error != -EPIPE && error != -EAGAIN)
		net_warn(dev, "the driver refuses a change of MAC or promiscuous mode", error);
}

static void send_mtu(struct device *dev)
{
	host_request(dev->run.host, OP_SET_MTU, dev->net.link.mtu, NULL, on_mtu_reply, dev);
}

static void send_promisc(struct device *dev)
{
	host_request(dev->run.host, OP_SET_PROMISC, dev->net.link.promisc, NULL, on_set_reply, dev);
}

static void send_mac(struct device *dev)
{
	host_request(dev->run.host, OP_SET_MAC, 0, dev->net.link.mac, on_set_reply, dev);
}

static bool net_serves(const struct device *dev)
{
	return dev->run.host && dev->state == DEVICE_UP && dev->net.driver_known &&
	       dev->net.link_known;
}

/* After a start or restart the driver knows nothing of the TAP's settings. */
void device_net_ready(struct device *dev)
{
	if (!net_serves(dev))
		return;
	if (dev->net.link.mtu != dev->net.driver.mtu)
		send_mtu(dev);
	if (dev->net.link.promisc)
		send_promisc(dev);
	if (dev->net.mac_by_admin && memcmp(dev->net.link.mac, dev->net.driver.mac, ETH_ALEN))
		send_mac(dev);
}

/* ---- from the driver ------------------------------------------------------- */

static void net_first_message(struct device *dev, const struct proto_net *msg)
{
	struct tap_work what = {
		.has_features = true, .features = msg->features, .has_mac = !dev->net.mac_by_admin,
	};

	memcpy(what.mac, msg->mac, sizeof(what.mac));
	set_tap(dev, &what);
}

void device_net_message(struct device *dev, const struct proto_net *msg)
{
	struct log_about about = device_about(dev);
	bool first = !dev->net.driver_known || dev->net.driver.features != msg->features;

	if (dev->net.tap < 0)
		return;
	if (!dev->net.driver_known || dev->net.driver.carrier != msg->carrier)
		log_line(&about, LOG_INFO, "link %s%s", msg->carrier ? "up" : "down",
			 msg->carrier && msg->duplex == 1 ? ", full duplex" : "");
	if (first || (!dev->net.mac_by_admin && memcmp(dev->net.driver.mac, msg->mac, ETH_ALEN)))
		net_first_message(dev, msg);
	dev->net.driver = *msg;
	dev->net.driver_known = true;
}

/* ---- the TAP --------------------------------------------------------------- */

/* Return: 0, -ENOMEM and nothing is to be freed. */
static int net_work_fill(struct device *dev, struct net_work *w)
{
	int r;

	*w = (struct net_work){ .dev = dev, .tap = dev->net.tap };
	r = str_set(&w->ifname, dev->config->ifname);
	if (!r)
		r = str_set(&w->netns, dev->config->netns);
	if (r < 0)
		net_work_finish(w);
	return r;
}

/* Return: 0, -errno with *ret_why. */
static int tap_watch(struct device *dev, struct net_work *w, char **ret_why)
{
	int r = w->error;

	if (!r)
		r = link_watch_create(dev->env->event, &w->socket, on_link, dev, &dev->net.watch);
	if (!r)
		return 0;
	*ret_why = w->why ? w->why : str_format("cannot watch the interface %s: %s", w->ifname,
						strerror(-r));
	w->why = NULL;
	return r;
}

/* ---- the TAP is made ----- */

static void open_done(void *arg)
{
	_cleanup_free_ char *why = NULL;
	struct net_work *w = arg;
	struct device *dev = w->dev;
	int r;

	if (w->made)
		dev->net.tap = w->tap;
	dev->net.netns = w->socket.netns;
	device_log_notes(dev, &w->notes);
	r = tap_watch(dev, w, &why);
	net_work_finish(w);
	free(w);
	dev->events->net_opened(dev, r, why);
}

static void open_late(void *arg)
{
	struct net_work *w = arg;

	w->dev->events->late(w->dev, "making its interface", NET_LIMIT_MS);
}

static const struct job_ops open_ops = {
	.work = work_net, .done = open_done, .late = open_late, .limit_ms = NET_LIMIT_MS,
};

int device_open_net(struct device *dev)
{
	struct net_work w;
	int r;

	if (!str_equal(dev->plugin.bridge, "net") || dev->net.tap >= 0)
		return 0;
	r = net_work_fill(dev, &w);
	if (r < 0)
		return r;
	if (dev->config->take_over && dev->state == DEVICE_CLAIMING)
		w.saved = dev->hold.saved;
	r = device_post_copy(dev, &open_ops, &w, sizeof(w));
	if (r < 0)
		net_work_finish(&w);
	return r < 0 ? r : 1;
}

/* ---- an existing TAP is watched again ----- */

static void follow_done(void *arg)
{
	_cleanup_free_ char *why = NULL;
	struct net_work *w = arg;
	struct device *dev = w->dev;
	struct log_about about = device_about(dev);
	uint64_t netns = w->socket.netns;
	int r = dev->net.tap < 0 || dev->net.watch ? -ESTALE : tap_watch(dev, w, &why);

	net_work_finish(w);
	free(w);
	if (r == -ESTALE)	/* it is being released */
		return;
	if (r < 0) {
		dev->events->condemned(dev, "its interface was deleted; bind or restart the "
				       "device to have a new one");
		return;
	}
	if (dev->net.netns && netns != dev->net.netns)
		log_line(&about, LOG_INFO, "%s has been moved to another network namespace",
			 dev->net.link.name);
	dev->net.netns = netns;
}

static const struct job_ops follow_ops = { .work = work_net, .done = follow_done };

static void tap_follow(struct device *dev)
{
	struct net_work *w = malloc(sizeof(*w));
	int r = w ? net_work_fill(dev, w) : -ENOMEM;

	if (!r) {
		r = jobs_add(dev->work.jobs, &follow_ops, w);
		if (!r)
			return;
		net_work_finish(w);
	}
	free(w);
	dev->events->condemned(dev, "out of memory");
}

/* It left the namespace, or was deleted under us, or changes were lost. */
static void link_left(struct device *dev)
{
	link_watch_destroy(dev->net.watch);
	dev->net.watch = NULL;
	tap_follow(dev);
}

static void on_link(void *arg, const struct link_state *state)
{
	struct device *dev = arg;
	struct link_state before = dev->net.link;
	bool known = dev->net.link_known;

	if (!state) {
		link_left(dev);
		return;
	}
	dev->net.link = *state;
	dev->net.link_known = true;
	if (known && dev->net.driver_known && memcmp(state->mac, before.mac, ETH_ALEN))
		dev->net.mac_by_admin = memcmp(state->mac, dev->net.driver.mac, ETH_ALEN);
	if (known)
		device_persist(dev);
	if (!net_serves(dev))
		return;
	if (state->mtu != dev->net.driver.mtu && (!known || state->mtu != before.mtu))
		send_mtu(dev);
	if (state->promisc != (known && before.promisc))
		send_promisc(dev);
	if (known && memcmp(state->mac, before.mac, ETH_ALEN) &&
	    memcmp(state->mac, dev->net.driver.mac, ETH_ALEN))
		send_mac(dev);
}

void device_adopt_net(struct device *dev)
{
	if (dev->net.tap >= 0)
		tap_follow(dev);
}

void device_restore_net(struct device *dev, int tap, bool mac_by_admin)
{
	dev->net.tap = tap;
	dev->net.mac_by_admin = mac_by_admin;
}

int device_close_net(struct device *dev)
{
	int tap = dev->net.tap;

	link_watch_destroy(dev->net.watch);
	dev->net = (struct device_net){ .tap = -1, .netns = dev->net.netns };
	return tap;
}

/* ---- for others ---------------------------------------------------------------- */

const char *device_interface(const struct device *dev)
{
	return dev->net.link_known ? dev->net.link.name : dev->config->ifname;
}

const struct proto_net *device_net(const struct device *dev)
{
	return dev->net.driver_known ? &dev->net.driver : NULL;
}
