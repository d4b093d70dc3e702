/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches an interface by rtnetlink: name, MTU, MAC, promiscuous mode, going
 * away.  One socket per interface, in the interface's network namespace.
 */
#ifndef DDEKITD_LINK_WATCH_H
#define DDEKITD_LINK_WATCH_H

#include <net/if.h>
#include <systemd/sd-event.h>

#include "lib/util.h"

struct link_state {
	char name[IFNAMSIZ];
	uint32_t mtu;
	uint8_t mac[6];
	bool promisc; /* also set while a bridge or packet socket needs it */
	bool up;
};

struct link_watch;
struct mnl_socket;

/* Called from the event loop. state NULL: the interface left this namespace or is gone, or
 * changes were lost: the watch is useless now, and may be destroyed in the call. */
typedef void (*link_watch_fn)(void *arg, const struct link_state *state);

/* A socket in an interface's namespace, which receives the present state, then each
 * change. */
struct link_socket {
	struct mnl_socket *nl; /* NULL: none */
	int ifindex;
	uint64_t netns; /* inode of the namespace */
};

/* Any thread; waits for the kernel's network lock. @tap: borrowed.
 * Return: 0, -ENODEV, -errno. */
int link_socket_open(int tap, struct link_socket *ret);
void link_socket_close(struct link_socket *socket); /* twice is fine */

/**
 * link_watch_create - watch an interface
 * @socket: moved in any case
 * Does not block. Return: 0, -ENOMEM, -errno.
 */
int link_watch_create(sd_event *event, struct link_socket *socket, link_watch_fn fn, void *arg,
		      struct link_watch **ret);
void link_watch_destroy(struct link_watch *watch); /* NULL is fine */

#endif
