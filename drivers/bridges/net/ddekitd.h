/* SPDX-License-Identifier: GPL-2.0-only */
/* The network interface of a device: its TAP. For the files ddekitd*.c alone. */
#ifndef DDE_NET_DDEKITD_H
#define DDE_NET_DDEKITD_H

#include "device/private.h"
#include "drivers/bridges/class-ddekitd.h"
#include "drivers/bridges/net/protocol.h"
#include "system/link-watch.h"

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

/* There from the first claim until the device is released. */
struct device_net {
	struct class_part part;
	int tap;              /* the device closes it (device_hold_file()); -1: none */
	bool tap_busy;        /* a job sets it up */
	struct tap_work next; /* its settings after that */
	uint64_t netns;       /* inode of the namespace it is in; 0: not known */
	struct link_watch *watch;
	struct link_state link;
	bool link_known;
	bool mac_by_admin;        /* the administrator changed the TAP's MAC */
	struct net_export driver; /* its last report */
	bool driver_known;
};

/* NULL: it has none. */
static inline struct device_net *net_of(const struct device *dev)
{
	return (struct device_net *)device_part(dev, "net");
}

/* ---- ddekitd-report.c ------------------------------------------------------------------ */

extern const struct class_view_ops net_view_ops;

/* ---- ddekitd-tap.c: jobs in their thread (job.h), which touch nothing but @arg ------------- */

/* struct net_work: the TAP and a socket that watches it. */
void work_net(void *arg);
/* struct tap_work: settings of the TAP. */
void work_tap(void *arg);
/* Frees what the struct owns. */
void net_work_finish(struct net_work *w);

#endif
