/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches an interface by rtnetlink: name, MTU, MAC, promiscuous mode, going
 * away.  One socket per interface, in the interface's network namespace.
 */
#ifndef DDEKITD_NETLINK_H
#define DDEKITD_NETLINK_H

#include <net/if.h>
#include <systemd/sd-event.h>

#include "util.h"

struct link_state {
	char name[IFNAMSIZ];
	uint32_t mtu;
	uint8_t mac[6];
	bool promisc;		/* also while a bridge or packet socket asks for it */
	bool up;
};

struct link_watch;

/* Called from the event loop. state NULL: the interface left this namespace
 * (or is gone); the watch is of no more use and may be destroyed there. */
typedef void (*link_watch_fn)(void *arg, const struct link_state *state);

/**
 * link_watch_create - watch interface @name in namespace @netns_fd (-1: own)
 * @fn is called with the present state soon after, then at each change.
 * Return: 0, -ENODEV, -errno.
 */
int link_watch_create(sd_event *event, int netns_fd, const char *name, link_watch_fn fn,
		      void *arg, struct link_watch **ret);
void link_watch_destroy(struct link_watch *watch);	/* NULL is fine */
/* Sets the MTU; the answer comes as a change. Return: 0, -errno of sending. */
int link_watch_set_mtu(struct link_watch *watch, uint32_t mtu);

#endif
