/* SPDX-License-Identifier: GPL-2.0-only */
/* ddekit-frames: endpoints, where frames enter and leave. */
#include "frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common.h"

static void copy_name(char *dst, size_t room, const char *src, size_t len, const char *text)
{
	if (!len || len >= room)
		die_usage("endpoint \"%s\": a name is empty or too long", text);
	memcpy(dst, src, len);
	dst[len] = 0;
}

void endpoint_parse(const char *text, struct endpoint *ret)
{
	const char *rest = strchr(text, ':'), *sep;
	struct endpoint ep = { .fd = -1 };
	bool is_unix = !strncmp(text, "unix:", 5);

	if (is_unix)
		ep.kind = EP_UNIX;
	else if (!strncmp(text, "if:", 3))
		ep.kind = EP_PACKET;
	else if (!strncmp(text, "tap:", 4))
		ep.kind = EP_TAP;
	else
		die_usage("endpoint \"%s\": say if:NAME, unix:BIND,PEER or tap:NAME", text);
	rest++;
	sep = strchr(rest, is_unix ? ',' : '@');
	if (is_unix && !sep)
		die_usage("endpoint \"%s\": unix: needs two paths, BIND,PEER", text);
	copy_name(ep.name, is_unix ? sizeof(ep.name) : IFNAMSIZ, rest,
		  sep ? (size_t)(sep - rest) : strlen(rest), text);
	if (sep)
		copy_name(is_unix ? ep.peer : ep.netns,
			  is_unix ? sizeof(ep.peer) : sizeof(ep.netns), sep + 1, strlen(sep + 1),
			  text);
	*ret = ep;
}

static int open_packet(struct endpoint *ep)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(FRAMES_ETHERTYPE),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), room = 16 << 20;

	if (fd < 0)
		die_errno(errno, "cannot open a packet socket");
	at.sll_ifindex = (int)if_nametoindex(ep->name);
	if (!at.sll_ifindex)
		die("cannot find interface %s%s%s", ep->name, ep->netns[0] ? " in netns " : "",
		    ep->netns);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die_errno(errno, "cannot bind to interface %s", ep->name);
	return fd;
}

static int open_unix(struct endpoint *ep)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = 4 << 20;

	if (fd < 0)
		die_errno(errno, "cannot open a unix socket");
	memcpy(own.sun_path, ep->name, sizeof(own.sun_path));
	/* Only removes a socket file that an earlier run left. */
	if (connect(fd, (struct sockaddr *)&own, sizeof(own)) < 0 && errno == ECONNREFUSED)
		unlink(own.sun_path);
	close(fd);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	umask(0); /* the peer, QEMU, may be another user */
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		die_errno(errno, "cannot bind to %s", ep->name);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return fd;
}

int endpoint_connect(struct endpoint *ep)
{
	struct sockaddr_un peer = { .sun_family = AF_UNIX };

	if (ep->kind != EP_UNIX)
		return 0;
	memcpy(peer.sun_path, ep->peer, sizeof(peer.sun_path));
	return connect(ep->fd, (struct sockaddr *)&peer, sizeof(peer)) < 0 ? -errno : 0;
}

static int open_tap(struct endpoint *ep, bool vnet)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), size = 12;

	if (fd < 0)
		die_errno(errno, "cannot open /dev/net/tun");
	if (vnet)
		ifr.ifr_flags |= IFF_VNET_HDR;
	memcpy(ifr.ifr_name, ep->name, IFNAMSIZ);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		die_errno(errno, "cannot create the TAP %s", ep->name);
	if (vnet && (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0 ||
		     ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) < 0))
		die_errno(errno, "cannot turn offloads of the TAP %s on", ep->name);
	return fd;
}

void endpoint_open(struct endpoint *ep, bool vnet, bool blocking)
{
	int home = open_own_netns(), r;

	if (home < 0)
		die_errno(home, "cannot open the own network namespace");
	if (ep->netns[0]) {
		r = enter_netns(ep->netns);
		if (r)
			die_errno(r, "cannot enter network namespace %s", ep->netns);
	}
	if (ep->kind == EP_PACKET)
		ep->fd = open_packet(ep);
	else if (ep->kind == EP_UNIX)
		ep->fd = open_unix(ep);
	else
		ep->fd = open_tap(ep, vnet);
	if (setns(home, CLONE_NEWNET) < 0)
		die_errno(errno, "cannot return to the own network namespace");
	close(home);
	if (!blocking && fcntl(ep->fd, F_SETFL, O_NONBLOCK) < 0)
		die_errno(errno, "fcntl");
}

void endpoint_close(struct endpoint *ep)
{
	if (ep->fd < 0)
		return;
	close(ep->fd);
	if (ep->kind == EP_UNIX)
		unlink(ep->name);
	ep->fd = -1;
}
