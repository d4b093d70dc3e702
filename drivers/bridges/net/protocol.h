/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The class "net" in the messages of daemon/protocol/host.h: what is opaque there.
 * The class's file descriptor is the TAP. Host world.
 */
#ifndef DDE_NET_PROTOCOL_H
#define DDE_NET_PROTOCOL_H

#include <stdint.h>
#include "seam.h"

/* proto_setup.class_setup */
struct net_setup {
	uint32_t vnet_hdr; /* bytes before each packet: 0, 10 or 12 */
};

/* proto_export.data; there is one, of index 0. */
struct net_export {
	char ifname[16]; /* inside the runtime */
	char driver[32];
	uint8_t mac[6];
	uint8_t carrier;
	uint8_t duplex; /* 0 half, 1 full, 255 unknown */
	uint32_t mtu;
	uint32_t min_mtu;
	uint32_t max_mtu;
	uint32_t speed;    /* Mbit/s, 0 unknown */
	uint64_t features; /* DDE_NET_F_* */
};

enum net_op {
	NET_SET_MTU = 1,     /* value */
	NET_SET_PROMISC = 2, /* value */
	NET_SET_MAC = 3,     /* mac */
};

/* proto_request.data, with OP_CLASS */
struct net_request {
	uint32_t op; /* enum net_op */
	uint32_t value;
	uint8_t mac[6];
	uint16_t zero;
};

#endif
