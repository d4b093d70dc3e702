/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The disks of a device of class block: the ring that outlives its driver hosts, and
 * the front that serves it (block/).  Both are there from the first claim until the
 * device is released, also while it is failed: requests to an open disk then get errors after
 * disk-timeout=, and succeed again if the device comes back.
 *
 * Which calls come when, for a device of another class they do nothing:
 *
 *	open → (starts → ready → absent → quiet)* → close
 */
#ifndef DDEKITD_DEVICE_BLOCK_H
#define DDEKITD_DEVICE_BLOCK_H

#include <json-c/json.h>

#include "device.h"

struct uses_check;

/* Return: 0: they are open, or the device is of another class; 1: those of another class are
 * being closed, events->block_closed() follows; -errno with *ret_why. */
int device_open_block(struct device *dev, char **ret_why);
/* events->block_closed() follows, or comes from within the call. The device is busy. */
void device_close_block(struct device *dev);
/* The same without an event loop, at the end of ddekitd; may block. */
void device_close_block_at_once(struct device *dev);
/* What a driver host is handed: memory, its eventfd, the front's; -1 without a ring. */
void device_block_fds(const struct device *dev, int ret[PROTO_RING_FDS]);
/* A driver host is about to be started: from now on the front withdraws nothing. Return:
 * false: it is just doing so. */
bool device_block_try_start(struct device *dev);
/* One that holds the ring for ever would keep the device from coming back. */
void device_block_end_front(struct device *dev);
/* It serves. */
void device_block_ready(struct device *dev);
/* It has died, or is being stopped. */
void device_block_absent(struct device *dev);
/* It is dead and the device has been reset. */
void device_block_quiet(struct device *dev);
void device_block_message(struct device *dev, const struct proto_disk *msg);

/* It is of this class, and has been opened. */
bool device_has_disks(const struct device *dev);
/* Who has a disk of it open: NBD clients, in words, and the names of block devices, which
 * have to be looked at (disk-users.h). Return: 0, -ENOMEM. */
int device_block_users(const struct device *dev, struct strv *clients, struct strv *nodes);
/* The same for a check. @change: the caller's. */
int device_add_uses(const struct device *dev, struct uses_check *check, const char *change);
/* An array of its disks, with their counters; empty without any. */
struct json_object *device_block_disks(const struct device *dev);
/* Disks and front. NULL: it has none. */
struct json_object *device_block_report(const struct device *dev);

/* Stores its files for the next ddekitd; and adopts them, by take(), which returns a fd that
 * is moved, or -errno. */
void device_block_persist(const struct device *dev);
int device_adopt_block(struct device *dev, int (*take)(void *arg, const char *what), void *arg);

#endif
