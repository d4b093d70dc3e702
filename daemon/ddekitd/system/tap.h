/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TAP of a network device.  It lives in ddekitd, so that it, its addresses
 * and its connections survive a restart of the driver host.
 *
 * Any thread.  All functions may wait for the kernel's network lock, which is held while
 * any driver configures an interface.
 */
#ifndef DDEKITD_TAP_H
#define DDEKITD_TAP_H

#include <net/if.h>

#include "lib/util.h"

#define TAP_VNET_HDR 12 /* bytes of header before each packet */

/**
 * tap_open - make a TAP without carrier
 * @netns:   network namespace in /run/netns, NULL: the daemon's
 * @ret_why: on failure a message with cause and next step, to be freed
 * Return: the fd, or -errno: -EEXIST (name taken), -EPERM, -ENOENT (netns), …
 */
int tap_open(const char *ifname, const char *netns, char **ret_why);
/* Opens the TAP of that name in the daemon's namespace, or makes it, for a QEMU to
 * inherit; it keeps the carrier. Return: as tap_open(). */
int tap_open_for_qemu(const char *ifname, char **ret_why);
/* offload: TUN_F_*. Return: 0, -errno. */
int tap_set_offload(int fd, unsigned int offload);
int tap_set_carrier(int fd, bool on);
int tap_set_mac(int fd, const uint8_t mac[6]);
int tap_set_mtu(int fd, uint32_t mtu);
/* The present name (it may have been renamed). buf: IFNAMSIZ. */
int tap_name(int fd, char *buf);
/* A fd of the network namespace the TAP is in now. Return: fd, -errno. */
int tap_netns_fd(int fd);

/* Runs fn(arg) with the calling thread in a network namespace. netns_fd -1: in the present
 * one. Return: what fn returned, or -errno of entering the namespace. If it cannot be left,
 * this calls abort(): a daemon in the wrong namespace must not go on. */
int netns_call(int netns_fd, int (*fn)(void *arg), void *arg);

#endif
