/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of ddekit-frames.  Complete Ethernet frames enter and leave at an endpoint: a packet
 * socket on an interface, the unix datagram socket of QEMU's "dgram" netdev, or a TAP that the
 * tool creates.
 */
#ifndef DDEKIT_FRAMES_H
#define DDEKIT_FRAMES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest TAP packet with its header. */
#define FRAMES_MAX 65600

/* Ethertype of the tool's frames: "local experimental 1". */
#define FRAMES_ETHERTYPE 0x88b5

struct endpoint {
	enum { EP_PACKET, EP_UNIX, EP_TAP } kind;
	char name[108]; /* interface, or path of the tool's socket */
	char peer[108]; /* unix: the other's path */
	char netns[64]; /* empty: the caller's */
	int fd;
};

/* ---- frames-endpoint.c ---- */

/*
 * Parses "if:NAME[@NETNS]", "unix:BIND,PEER", "tap:NAME[@NETNS]" without opening anything. Ends
 * the program on a usage error.
 */
void endpoint_parse(const char *text, struct endpoint *ret);
/* vnet: a TAP uses a 12-byte virtio_net_hdr, with offloads on.  Ends the program on error. */
void endpoint_open(struct endpoint *ep, bool vnet, bool blocking);
/*
 * Connects a unix socket to its peer, which must exist; does nothing for others. Return: 0,
 * -ENOENT, -ECONNREFUSED, …
 */
int endpoint_connect(struct endpoint *ep);
void endpoint_close(struct endpoint *ep);

/* ---- frames-relay.c ---- */

/* Copies packets in both directions, one thread each, until SIGINT or SIGTERM. */
int frames_relay(struct endpoint *a, struct endpoint *b);

/* ---- frames-pour.c ---- */

/*
 * Sends @size bytes at @frame until SIGINT or SIGTERM, then prints how often.  The peer of a unix
 * socket may disappear and return.
 */
int frames_pour(struct endpoint *to, const void *frame, size_t size);

#endif
