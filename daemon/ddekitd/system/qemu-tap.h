/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TAP behind an emulated card, which QEMU cannot open itself, as it runs as nobody.
 */
#ifndef DDEKITD_QEMU_TAP_H
#define DDEKITD_QEMU_TAP_H

#include "lib/util.h"

/**
 * qemutap_open - open what netdev= names, for QEMU to inherit
 * @netdev:     "tap,ifname=NAME[,…]": NAME is opened, or made if there is none
 *              (then it lives as long as QEMU). Anything else is left alone.
 *              May be NULL.
 * @ret_netdev: the argument for QEMU, to be freed; NULL if @netdev is
 * @ret_fd:     the fd it names, the caller's; -1: none
 * @ret_why:    on failure a message with cause and next step, to be freed
 * Return: 0, -errno.
 */
int qemutap_open(const char *netdev, char **ret_netdev, int *ret_fd, char **ret_why);

#endif
