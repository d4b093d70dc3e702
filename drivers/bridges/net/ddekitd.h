/* SPDX-License-Identifier: GPL-2.0-only */
/* The network interface of a device: its TAP. For the files ddekitd*.c alone. */
#ifndef DDE_NET_DDEKITD_H
#define DDE_NET_DDEKITD_H

#include "system/link-watch.h"

struct device;
struct netsave;

struct net_work {
	struct device *dev;
	char *ifname, *netns;        /* the work's own */
	int tap;                     /* -1: to be made; else borrowed */
	const struct netsave *saved; /* what the TAP is to get; NULL: nothing */

	int error;
	char *why;
	bool made; /* tap is new, and the work's */
	struct link_socket socket;
	struct strv notes;
};

struct tap_work {
	struct device *dev;
	int tap; /* borrowed */
	bool has_features, has_mac, has_mtu;
	uint64_t features;
	uint8_t mac[6];
	uint32_t mtu;

	int features_error, mac_error;
};

/* ---- ddekitd-tap.c: jobs in their thread (job.h), which touch nothing but @arg ------------- */

/* struct net_work: the TAP and a socket that watches it. */
void work_net(void *arg);
/* struct tap_work: settings of the TAP. */
void work_tap(void *arg);
/* Frees what the struct owns. */
void net_work_finish(struct net_work *w);

#endif
