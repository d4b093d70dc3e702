/* SPDX-License-Identifier: GPL-2.0-only */
/* Watches an interface by rtnetlink; see link-watch.h. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include "link-watch.h"
#include "tap.h"

#define BUDGET 16 /* datagrams per wake-up */

struct link_watch {
	struct link_socket socket;
	sd_event_source *source;
	link_watch_fn fn;
	void *arg;
	bool gone;
};

static int parse_attr(const struct nlattr *attr, void *arg)
{
	struct link_state *state = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			snprintf(state->name, sizeof(state->name), "%s", mnl_attr_get_str(attr));
		break;
	case IFLA_MTU:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			state->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == sizeof(state->mac))
			memcpy(state->mac, mnl_attr_get_payload(attr), sizeof(state->mac));
		break;
	case IFLA_PROMISCUITY:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			state->promisc = mnl_attr_get_u32(attr) > 0;
		break;
	}
	return MNL_CB_OK;
}

static int on_link_message(const struct nlmsghdr *msg, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct link_watch *watch = arg;
	struct link_state state = { 0 };

	if (msg->nlmsg_type != RTM_NEWLINK && msg->nlmsg_type != RTM_DELLINK)
		return MNL_CB_OK;
	if (info->ifi_index != watch->socket.ifindex || info->ifi_family != AF_UNSPEC)
		return MNL_CB_OK;
	if (msg->nlmsg_type == RTM_DELLINK) {
		watch->gone = true;
		return MNL_CB_STOP;
	}
	state.promisc = info->ifi_flags & IFF_PROMISC;
	state.up = info->ifi_flags & IFF_UP;
	mnl_attr_parse(msg, sizeof(*info), parse_attr, &state);
	watch->fn(watch->arg, &state);
	return MNL_CB_OK;
}

static int on_link_readable(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	char buf[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct link_watch *watch = arg;
	unsigned int budget = BUDGET;
	ssize_t n;

	while (budget-- && !watch->gone) {
		n = mnl_socket_recvfrom(watch->socket.nl, buf, sizeof(buf));
		if (n < 0 && errno == ENOBUFS)
			watch->gone = true; /* some were lost: a new watch sees the outcome */
		else if (n <= 0)
			break;
		else
			mnl_cb_run(buf, n, 0, 0, on_link_message, watch);
	}
	if (watch->gone) {
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		watch->fn(watch->arg, NULL);
	}
	return 0;
}

/* ---- in a thread ------------------------------------------------------------- */

struct opening {
	const char *name;
	struct link_socket *socket;
};

/* Requests the present state, which arrives as RTM_NEWLINK. */
static int request_state(const struct link_socket *socket)
{
	char buf[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;

	msg->nlmsg_type = RTM_GETLINK;
	msg->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));
	info->ifi_index = socket->ifindex;
	return mnl_socket_sendto(socket->nl, msg, msg->nlmsg_len) < 0 ? -errno : 0;
}

static int open_link_socket(void *arg)
{
	struct opening *o = arg;
	struct link_socket *socket = o->socket;

	socket->ifindex = (int)if_nametoindex(o->name);
	if (!socket->ifindex)
		return -errno;
	socket->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!socket->nl || mnl_socket_bind(socket->nl, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return request_state(socket);
}

int link_socket_open(int tap, struct link_socket *ret)
{
	_cleanup_close_ int ns = tap_netns_fd(tap);
	struct link_socket socket = { 0 };
	char name[IFNAMSIZ];
	struct opening o = { .name = name, .socket = &socket };
	struct stat st;
	int r = ns < 0 ? ns : tap_name(tap, name);

	if (!r)
		r = fstat(ns, &st) < 0 ? -errno : 0;
	if (!r)
		r = netns_call(ns, open_link_socket, &o);
	if (r < 0) {
		link_socket_close(&socket);
		return r;
	}
	socket.netns = st.st_ino;
	*ret = socket;
	return 0;
}

void link_socket_close(struct link_socket *socket)
{
	if (socket->nl)
		mnl_socket_close(socket->nl);
	socket->nl = NULL;
}

/* ---- in the event loop --------------------------------------------------------- */

int link_watch_create(sd_event *event, struct link_socket *socket, link_watch_fn fn, void *arg,
		      struct link_watch **ret)
{
	struct link_watch *watch = calloc(1, sizeof(*watch));
	int r = watch ? 0 : -ENOMEM;

	if (!r) {
		*watch = (struct link_watch){ .socket = *socket, .fn = fn, .arg = arg };
		socket->nl = NULL;
		r = sd_event_add_io(event, &watch->source, mnl_socket_get_fd(watch->socket.nl),
				    EPOLLIN, on_link_readable, watch);
	}
	if (r < 0) {
		link_socket_close(socket);
		link_watch_destroy(watch);
		return r;
	}
	*ret = watch;
	return 0;
}

void link_watch_destroy(struct link_watch *watch)
{
	if (!watch)
		return;
	sd_event_source_disable_unref(watch->source);
	link_socket_close(&watch->socket);
	free(watch);
}
