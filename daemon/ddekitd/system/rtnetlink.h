/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests to rtnetlink, in the daemon's network namespace. */
#ifndef DDEKITD_RTNETLINK_H
#define DDEKITD_RTNETLINK_H

#include <libmnl/libmnl.h>
#include <stdint.h>

/* Dumps all objects of a kind (RTM_GETADDR, …); calls fn for each. Blocks.
 * Return: 0, -errno. */
int rt_dump(uint16_t type, uint8_t family, mnl_cb_t fn, void *arg);
/* Sends one message, whose flags get REQUEST and ACK. Blocks. Return: 0, -errno
 * of the kernel. */
int rt_do(struct nlmsghdr *msg);

#endif
