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
#include "lib/job.h"
#include "lib/json.h"
#include "lib/log.h"
#include "system/tap.h"

#define NET_LIMIT_MS 30000

extern const struct class_ops net_class_ops;

static void on_tap_link(void *arg, const struct link_state *state);

static void net_warn(struct device *dev, const char *what, int r)
{
	struct log_about about = device_about(dev);

	log_line(&about, LOG_WARNING, "%s: %s: %s", device_interface(dev), what, strerror(-r));
}

/* ---- settings of the TAP ------------------------------------------------------- */

static void start_tap_job(struct device *dev, struct device_net *net);

static void tap_done(void *arg)
{
	struct tap_work *w = arg;
	struct device *dev = w->dev;
	struct device_net *net = net_of(dev);

	if (w->features_error < 0)
		net_warn(dev, "cannot set the offloads of the TAP", w->features_error);
	if (w->mac_error < 0)
		net_warn(dev, "cannot set the MAC of the TAP", w->mac_error);
	free(w);
	if (!net) /* it is being released */
		return;
	net->tap_busy = false;
	start_tap_job(dev, net);
}

static const struct job_ops tap_ops = { .work = work_tap, .done = tap_done };

/* The TAP stays open for the job: closing it is a later job. */
static void start_tap_job(struct device *dev, struct device_net *net)
{
	struct tap_work *next = &net->next, *w;
	int r = -ENOMEM;

	if (!(next->has_features || next->has_mac || next->has_mtu))
		return;
	w = malloc(sizeof(*w));
	if (w) {
		*w = *next;
		w->dev = dev;
		w->tap = net->tap;
		r = jobs_add(dev->work.jobs, &tap_ops, w);
	}
	*next = (struct tap_work){ 0 };
	net->tap_busy = !r;
	if (!r)
		return;
	free(w);
	net_warn(dev, "cannot set up the TAP", r);
}

/* A driver host can cause many changes: there is one job at a time, and the next one has the
 * newest of each setting. */
static void set_tap(struct device *dev, struct device_net *net, const struct tap_work *what)
{
	struct tap_work *next = &net->next;

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
	if (!net->tap_busy)
		start_tap_job(dev, net);
}

/* ---- towards the driver ---------------------------------------------------- */

static void on_mtu_reply(void *arg, const struct host_reply *reply)
{
	int error = reply->error;
	struct device *dev = arg;
	struct device_net *net = net_of(dev);
	struct log_about about = device_about(dev);

	if (!error || error == -EPIPE || error == -EAGAIN || !net || !net->watch)
		return;
	log_line(&about, LOG_WARNING,
		 "%s: driver %s refuses MTU %u (%s; it allows %u to %u); back to %u",
		 net->link.name, device_driver(dev), net->link.mtu, strerror(-error),
		 net->driver.min_mtu, net->driver.max_mtu, net->driver.mtu);
	set_tap(dev, net, &(struct tap_work){ .has_mtu = true, .mtu = net->driver.mtu });
}

static void on_set_reply(void *arg, const struct host_reply *reply)
{
	int error = reply->error;
	struct device *dev = arg;

	if (error && error != -EPIPE && error != -EAGAIN)
		net_warn(dev, "the driver refuses a change of MAC or promiscuous mode", error);
}

static void send_mtu(struct device *dev, const struct device_net *net)
{
	struct net_request req = { .op = NET_SET_MTU, .value = net->link.mtu };

	host_request_class(dev->run.host, &req, sizeof(req), on_mtu_reply, dev);
}

static void send_promisc(struct device *dev, const struct device_net *net)
{
	struct net_request req = { .op = NET_SET_PROMISC, .value = net->link.promisc };

	host_request_class(dev->run.host, &req, sizeof(req), on_set_reply, dev);
}

static void send_mac(struct device *dev, const struct device_net *net)
{
	struct net_request req = { .op = NET_SET_MAC };

	memcpy(req.mac, net->link.mac, sizeof(req.mac));
	host_request_class(dev->run.host, &req, sizeof(req), on_set_reply, dev);
}

static bool net_serves(const struct device *dev, const struct device_net *net)
{
	return dev->run.host && dev->state == DEVICE_UP && net->driver_known && net->link_known;
}

/* After a start or restart the driver knows nothing of the TAP's settings. */
static void net_ready(struct device *dev, bool again)
{
	const struct device_net *net = net_of(dev);

	if (!net || !net_serves(dev, net))
		return;
	if (net->link.mtu != net->driver.mtu)
		send_mtu(dev, net);
	if (net->link.promisc)
		send_promisc(dev, net);
	if (net->mac_by_admin && memcmp(net->link.mac, net->driver.mac, ETH_ALEN))
		send_mac(dev, net);
}

/* ---- from the driver ------------------------------------------------------- */

static void set_tap_like_driver(struct device *dev, struct device_net *net,
				const struct net_export *msg)
{
	struct tap_work what = {
		.has_features = true,
		.features = msg->features,
		.has_mac = !net->mac_by_admin,
	};

	memcpy(what.mac, msg->mac, sizeof(what.mac));
	set_tap(dev, net, &what);
}

static void net_update(struct device *dev, struct device_net *net, const struct net_export *msg)
{
	struct log_about about = device_about(dev);
	bool first = !net->driver_known || net->driver.features != msg->features;

	if (!net->driver_known || net->driver.carrier != msg->carrier)
		log_line(&about, LOG_INFO, "link %s%s", msg->carrier ? "up" : "down",
			 msg->carrier && msg->duplex == 1 ? ", full duplex" : "");
	if (first || (!net->mac_by_admin && memcmp(net->driver.mac, msg->mac, ETH_ALEN)))
		set_tap_like_driver(dev, net, msg);
	net->driver = *msg;
	net->driver_known = true;
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
	struct device_net *net = net_of(dev);
	uint32_t speed;
	bool known, carrier;

	if (!net || net->tap < 0)
		return;
	known = net->driver_known;
	carrier = net->driver.carrier;
	speed = net->driver.speed;
	net_update(dev, net, msg);
	if (known ? carrier != !!msg->carrier || speed != msg->speed : msg->carrier)
		dev->env->listener->link(dev->env->listener_arg, dev);
	if (msg->carrier && !dev->run.times.link)
		net_note_link(dev, export->mono_ns);
}

/* ---- the TAP --------------------------------------------------------------- */

/* Return: NULL: no memory. */
static struct device_net *net_create(struct device *dev)
{
	struct device_net *net = calloc(1, sizeof(*net));

	if (!net)
		return NULL;
	*net = (struct device_net){ .part.class = "net", .tap = -1 };
	device_add_part(dev, &net->part);
	return net;
}

/* The TAP itself is the device's to close. */
static void net_release(struct device *dev)
{
	struct device_net *net = net_of(dev);

	if (!net)
		return;
	link_watch_destroy(net->watch);
	device_remove_part(dev, &net->part);
	free(net);
}

static void hold_tap(struct device *dev, struct device_net *net, int tap)
{
	net->tap = tap;
	device_hold_file(dev, tap);
}

/* Return: 0, -ENOMEM and nothing is to be freed. */
static int net_work_fill(struct device *dev, const struct device_net *net, struct net_work *w)
{
	int r;

	*w = (struct net_work){ .dev = dev, .tap = net->tap };
	r = str_set(&w->ifname, dev->config->ifname);
	if (!r)
		r = str_set(&w->netns, dev->config->netns);
	if (r < 0)
		net_work_finish(w);
	return r;
}

/* Return: 0, -errno with *ret_why. */
static int tap_watch(struct device *dev, struct device_net *net, struct net_work *w, char **ret_why)
{
	int r = w->error;

	if (!r)
		r = link_watch_create(dev->env->event, &w->socket, on_tap_link, dev, &net->watch);
	if (!r)
		return 0;
	*ret_why = w->why ? w->why
			  : str_format("cannot watch the interface %s: %s", w->ifname,
				       strerror(-r));
	w->why = NULL;
	return r;
}

/* ---- the TAP is made, or one that was adopted with nothing else is watched ----- */

/* The device is not released before this, as it is busy. */
static void open_done(void *arg)
{
	_cleanup_free_ char *why = NULL;
	struct net_work *w = arg;
	struct device *dev = w->dev;
	struct device_net *net = net_of(dev);
	int r;

	if (w->made)
		hold_tap(dev, net, w->tap);
	net->netns = w->socket.netns;
	device_log_notes(dev, &w->notes);
	r = net->watch ? 0 : tap_watch(dev, net, w, &why);
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
static int make_tap(struct device *dev, const struct device_net *net)
{
	struct net_work w;
	int r;

	r = net_work_fill(dev, net, &w);
	if (r < 0)
		return r;
	if (net->tap < 0 && dev->config->take_over && dev->state == DEVICE_CLAIMING)
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
	struct device_net *net = net_of(dev);
	struct log_about about = device_about(dev);
	uint64_t netns = w->socket.netns;
	int r = !net || net->watch ? -ESTALE : tap_watch(dev, net, w, &why);

	net_work_finish(w);
	free(w);
	if (r == -ESTALE) /* it is being released */
		return;
	if (r < 0) {
		dev->events->condemned(dev, "its interface was deleted; bind or restart the "
					    "device to have a new one");
		return;
	}
	if (net->netns && netns != net->netns)
		log_line(&about, LOG_INFO, "%s has been moved to another network namespace",
			 net->link.name);
	net->netns = netns;
}

static const struct job_ops follow_ops = { .work = work_net, .done = follow_done };

static void tap_follow(struct device *dev, const struct device_net *net)
{
	struct net_work *w = malloc(sizeof(*w));
	int r = w ? net_work_fill(dev, net, w) : -ENOMEM;

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
static void link_left(struct device *dev, struct device_net *net)
{
	link_watch_destroy(net->watch);
	net->watch = NULL;
	tap_follow(dev, net);
}

static void on_tap_link(void *arg, const struct link_state *state)
{
	struct device *dev = arg;
	struct device_net *net = net_of(dev);
	struct link_state before = net->link;
	bool known = net->link_known;

	if (!state) {
		link_left(dev, net);
		return;
	}
	net->link = *state;
	net->link_known = true;
	if (known && net->driver_known && memcmp(state->mac, before.mac, ETH_ALEN))
		net->mac_by_admin = memcmp(state->mac, net->driver.mac, ETH_ALEN);
	if (known)
		device_persist(dev);
	if (!net_serves(dev, net))
		return;
	if (state->mtu != net->driver.mtu && (!known || state->mtu != before.mtu))
		send_mtu(dev, net);
	if (state->promisc != (known && before.promisc))
		send_promisc(dev, net);
	if (known && memcmp(state->mac, before.mac, ETH_ALEN) &&
	    memcmp(state->mac, net->driver.mac, ETH_ALEN))
		send_mac(dev, net);
}

/* ---- the next ddekitd ------------------------------------------------------------------- */

static void net_persist(const struct device *dev)
{
	const struct device_net *net = net_of(dev);

	if (net && net->tap >= 0)
		device_store(dev, "tap", net->tap);
}

static void net_describe(const struct device *dev, struct json_object *o)
{
	const struct device_net *net = net_of(dev);

	add_bool(o, "mac_by_admin", net && net->mac_by_admin);
}

/* Whatever drives the device next: the TAP stays until it is released. */
static int net_adopt(struct device *dev, struct json_object *o,
		     int (*fetch)(void *arg, const char *what), void *arg)
{
	_cleanup_close_ int tap = fetch(arg, "tap");
	struct device_net *net = tap >= 0 ? net_create(dev) : NULL;

	if (!net) /* without a TAP: another class, or a host that cannot go on */
		return device_is_of_class(dev, &net_class_ops) ? -EBADF : 0;
	hold_tap(dev, net, tap);
	tap = -1;
	net->mac_by_admin = json_is_true(o, "mac_by_admin");
	return 0;
}

static void net_adopted(struct device *dev)
{
	const struct device_net *net = net_of(dev);

	if (net)
		tap_follow(dev, net);
}

/* ---- the class ------------------------------------------------------------------------ */

static int net_open(struct device *dev, bool wanted, char **ret_why)
{
	struct device_net *net = net_of(dev);

	if (!wanted || (net && net->watch))
		return 0;
	if (!net)
		net = net_create(dev);
	return net ? make_tap(dev, net) : -ENOMEM;
}

static unsigned int net_hand_over(const struct device *dev, struct proto_setup *setup,
				  int fds[PROTO_CLASS_FDS])
{
	const struct net_setup how = { .vnet_hdr = TAP_VNET_HDR };
	const struct device_net *net = net_of(dev);

	if (!net || net->tap < 0)
		return 0;
	/* The host before may have made it block. */
	fcntl(net->tap, F_SETFL, O_NONBLOCK);
	memcpy(setup->class_setup, &how, sizeof(how));
	fds[0] = net->tap;
	return 1;
}

static const struct class_store_ops store_ops = {
	.persist = net_persist,
	.describe = net_describe,
	.adopt = net_adopt,
	.adopted = net_adopted,
};

/* The TAP stays as it is while there is no driver host. */
const struct class_ops net_class_ops = {
	.name = "net",
	.open = net_open,
	.hand_over = net_hand_over,
	.ready = net_ready,
	.message = net_message,
	.release = net_release,
	.store = &store_ops,
	.view = &net_view_ops,
};
