/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device leaves to the next ddekitd: its files in the service manager's fd
 * store, and a description of it beside them, which is always up to date, since
 * nobody says goodbye before a SIGKILL.
 *
 * Without a fd store all of it does nothing.
 */
#ifndef DDEKITD_DEVICE_KEEP_H
#define DDEKITD_DEVICE_KEEP_H

#include "device.h"

/* Something of the description changed. */
void device_keep(struct device *dev);
/* The device has been claimed: lock, claim and TAP. */
void device_keep_claim(struct device *dev);
/* It has a new host. */
void device_keep_host(struct device *dev);
/* It holds nothing any more; dev->hold.barrier is set: before the device is used otherwise,
 * fdstore_wait(). */
void device_keep_nothing(struct device *dev);

#endif
