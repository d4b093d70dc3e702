/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network device's TAP: made before the first driver host, kept until the
 * device is released.  What the administrator sets on it (MTU, MAC,
 * promiscuous mode) is passed to the driver, again after each restart.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>

#include "ddekitd.h"
#include "device/persist.h"
#include "device/private.h"
#include "drivers/bridges/class-ddekitd.h"
#include "lib/job.h"
#include "lib/log.h"
#include "system/tap.h"

#define NET_LIMIT_MS 30000

static void on_link(void *arg, const struct link_state *state);

static void net_warn(struct device *dev, const char *what, int r)
{
	struct log_about about = device_about(dev);

	log_line(&about, LOG_WARNING, "%s: %s: %s", dev->net.link.name, what, strerror(-r));
}

/* ---- settings of the TAP ------------------------------------------------------- */

static void start_tap_job(struct device *dev);

static void tap_done(void *arg)
{
	struct tap_work *w = arg;
	struct device *dev = w->dev;

	if (w->features_error < 0)
		net_warn(dev, "cannot set the offloads of the TAP", w->features_error);
	if (w->mac_error < 0)
		net_warn(dev, "cannot set the MAC of the TAP", w->mac_error);
	free(w);
	dev->net.tap_busy = false;
	start_tap_job(dev);
}

static const struct job_ops tap_ops = { .work = work_tap, .done = tap_done };

/* The TAP stays open for the job: closing it is a later job. */
static void start_tap_job(struct device *dev)
{
	struct tap_work *next = &dev->net.next, *w;
	int r = -ENOMEM;

	if (dev->net.tap < 0 || !(next->has_features || next->has_mac || next->has_mtu))
		return;
	w = malloc(sizeof(*w));
	if (w) {
		*w = *next;
		w->dev = dev;
		w->tap = dev->net.tap;
		r = jobs_add(dev->work.jobs, &tap_ops, w);
	}
	*next = (struct tap_work){ 0 };
	dev->net.tap_busy = !r;
	if (!r)
		return;
	free(w);
	net_warn(dev, "cannot set up the TAP", r);
}

/* A driver host can cause many changes: there is one job at a time, and the next one has the
 * newest of each setting. */
static void set_tap(struct device *dev, const struct tap_work *what)
{
	struct tap_work *next = &dev->net.next;

	if (what->has_features) {
		next->has_features = true;
		next->features = what->features;
	}
	if (what->has_mac) {
		next->has_mac = true;
		memcpy(next->mac, what->mac, sizeof(next->mac));
	}
	if (what->has_mtu) {
		next->has_mtu = true;
		next->mtu = what->mtu;
	}
	if (!dev->net.tap_busy)
		start_tap_job(dev);
}

/* ---- towards the driver ---------------------------------------------------- */

static void on_mtu_reply(void *arg, const struct host_reply *reply)
{
	int error = reply->error;
	struct device *dev = arg;
	struct log_about about = device_about(dev);

	if (!error || error == -EPIPE || error == -EAGAIN || !dev->net.watch)
		return;
	log_line(&about, LOG_WARNING,
		 "%s: driver %s refuses MTU %u (%s; it allows %u to %u); "
		 "back to %u",
		 dev->net.link.name, device_driver(dev), dev->net.link.mtu, strerror(-error),
		 dev->net.driver.min_mtu, dev->net.driver.max_mtu, dev->net.driver.mtu);
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
	struct net_request req = { .op = NET_SET_MTU, .value = dev->net.link.mtu };

	host_request_class(dev->run.host, &req, sizeof(req), on_mtu_reply, dev);
}

static void send_promisc(struct device *dev)
{
	struct net_request req = { .op = NET_SET_PROMISC, .value = dev->net.link.promisc };

	host_request_class(dev->run.host, &req, sizeof(req), on_set_reply, dev);
}

static void send_mac(struct device *dev)
{
	struct net_request req = { .op = NET_SET_MAC };

	memcpy(req.mac, dev->net.link.mac, sizeof(req.mac));
	host_request_class(dev->run.host, &req, sizeof(req), on_set_reply, dev);
}

static bool net_serves(const struct device *dev)
{
	return dev->run.host && dev->state == DEVICE_UP && dev->net.driver_known &&
	       dev->net.link_known;
}

/* After a start or restart the driver knows nothing of the TAP's settings. */
static void net_ready(struct device *dev, bool again)
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

static void net_first_message(struct device *dev, const struct net_export *msg)
{
	struct tap_work what = {
		.has_features = true,
		.features = msg->features,
		.has_mac = !dev->net.mac_by_admin,
	};

	memcpy(what.mac, msg->mac, sizeof(what.mac));
	set_tap(dev, &what);
}

static void net_update(struct device *dev, const struct net_export *msg)
{
	struct log_about about = device_about(dev);
	bool first = !dev->net.driver_known || dev->net.driver.features != msg->features;

	if (!dev->net.driver_known || dev->net.driver.carrier != msg->carrier)
		log_line(&about, LOG_INFO, "link %s%s", msg->carrier ? "up" : "down",
			 msg->carrier && msg->duplex == 1 ? ", full duplex" : "");
	if (first || (!dev->net.mac_by_admin && memcmp(dev->net.driver.mac, msg->mac, ETH_ALEN)))
		net_first_message(dev, msg);
	dev->net.driver = *msg;
	dev->net.driver_known = true;
}

/* Only its first link is in the description for the next ddekitd. */
static void net_note_link(struct device *dev, uint64_t when)
{
	device_note_link(dev, when);
	device_end_outage(dev, when);
	device_persist(dev);
}

static void net_message(struct device *dev, const struct proto_export *export)
{
	const struct net_export *msg = (const void *)export->data;
	const struct device_net *net = &dev->net;
	bool known = net->driver_known, carrier = net->driver.carrier;
	uint32_t speed = net->driver.speed;

	if (net->tap < 0)
		return;
	net_update(dev, msg);
	if (known ? carrier != !!msg->carrier || speed != msg->speed : msg->carrier)
		dev->env->listener->link(dev->env->listener_arg, dev);
	if (msg->carrier && !dev->run.times.link)
		net_note_link(dev, export->mono_ns);
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
	*ret_why = w->why ? w->why
			  : str_format("cannot watch the interface %s: %s", w->ifname,
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
	dev->events->class_opened(dev, r, why);
}

static void open_late(void *arg)
{
	struct net_work *w = arg;

	w->dev->events->late(w->dev, "making its interface", NET_LIMIT_MS);
}

static const struct job_ops open_ops = {
	.work = work_net,
	.done = open_done,
	.late = open_late,
	.limit_ms = NET_LIMIT_MS,
};

/* Return: 1: events->class_opened() follows; -errno. */
static int make_tap(struct device *dev)
{
	struct net_work w;
	int r;

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
	if (r == -ESTALE) /* it is being released */
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

static void net_adopted(struct device *dev)
{
	if (dev->net.tap >= 0)
		tap_follow(dev);
}

/* ---- the class ------------------------------------------------------------------------ */

static int net_open(struct device *dev, bool wanted, char **ret_why)
{
	return wanted && dev->net.tap < 0 ? make_tap(dev) : 0;
}

static bool net_may_start(struct device *dev)
{
	return true;
}

static unsigned int net_hand_over(const struct device *dev, struct proto_setup *setup,
				  int fds[PROTO_CLASS_FDS])
{
	const struct net_setup net = { .vnet_hdr = TAP_VNET_HDR };

	if (dev->net.tap < 0)
		return 0;
	/* The host before may have made it block. */
	fcntl(dev->net.tap, F_SETFL, O_NONBLOCK);
	memcpy(setup->class_setup, &net, sizeof(net));
	fds[0] = dev->net.tap;
	return 1;
}

/* The TAP stays as it is while there is no driver host. */
static void net_absent(struct device *dev)
{
}

static void net_quiet(struct device *dev)
{
}

/* It is closed with the claim, in a thread: the device has none any more. */
static bool net_close(struct device *dev, bool at_once)
{
	return true;
}

/* The TAP is stored with the claim, and taken from there, also when all else is lost. */
static void net_persist(const struct device *dev)
{
}

static void net_adopt(struct device *dev, int (*fetch)(void *arg, const char *what), void *arg)
{
}

/* It is in each device's status and statistics (control/report.c). */
static void net_report(const struct device *dev, bool stats, struct json_object *o)
{
}

/* The host's interface is no file that somebody has open. */
static int net_users(const struct device *dev, struct strv *users, struct strv *nodes)
{
	return 0;
}

extern const struct class_ops net_class_ops;
const struct class_ops net_class_ops = {
	.name = "net",
	.open = net_open,
	.may_start = net_may_start,
	.hand_over = net_hand_over,
	.ready = net_ready,
	.message = net_message,
	.absent = net_absent,
	.quiet = net_quiet,
	.close = net_close,
	.persist = net_persist,
	.adopt = net_adopt,
	.adopted = net_adopted,
	.report = net_report,
	.users = net_users,
};
