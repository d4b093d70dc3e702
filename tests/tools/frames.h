/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-frames' parts.  An endpoint is a place where whole Ethernet frames go
 * in and out: a packet socket on an interface, the unix datagram socket of
 * QEMU's "dgram" netdev, or a TAP of our own.
 */
#ifndef DDEKIT_FRAMES_H
#define DDEKIT_FRAMES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A TAP packet with its header: 64 KiB and some. */
#define FRAMES_MAX 65600

/* Of our own frames: "local experimental 1". */
#define FRAMES_ETHERTYPE 0x88b5

struct endpoint {
	enum { EP_PACKET, EP_UNIX, EP_TAP } kind;
	char name[108];		/* interface, or path of our socket */
	char peer[108];		/* unix: the other's path */
	char netns[64];		/* empty: our own */
	int fd;
};

/* ---- frames-endpoint.c ---- */

/* "if:NAME[@NETNS]", "unix:BIND,PEER", "tap:NAME[@NETNS]". Ends the program
 * with a usage error. Nothing is opened. */
void endpoint_parse(const char *text, struct endpoint *ret);
/* vnet: a TAP passes a 12-byte virtio_net_hdr and has its offloads on.
 * Non-blocking unless blocking is asked for. Ends the program on error. */
void endpoint_open(struct endpoint *ep, bool vnet, bool blocking);
/* A unix socket: to its peer, which must be there by now; others: nothing to do.
 * Return: 0, -ENOENT, -ECONNREFUSED, … */
int endpoint_connect(struct endpoint *ep);
void endpoint_close(struct endpoint *ep);

/* ---- frames-relay.c ---- */

/* Copies packets both ways, one thread each, until SIGINT or SIGTERM. */
int frames_relay(struct endpoint *a, struct endpoint *b);

/* ---- frames-pour.c ---- */

/* Sends @size bytes at @frame until SIGINT or SIGTERM, then prints how often. The
 * peer of a unix socket may come and go. */
int frames_pour(struct endpoint *to, const void *frame, size_t size);

#endif
