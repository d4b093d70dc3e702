/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a device leaves to the next ddekitd: its files in the service manager's fd
 * store, and a description of it beside them, which is always up to date, since
 * a SIGKILL comes without warning.
 *
 * Without a fd store all of it does nothing.
 */
#ifndef DDEKITD_DEVICE_PERSIST_H
#define DDEKITD_DEVICE_PERSIST_H

#include "device.h"

/* Something of the description changed. */
void device_persist(struct device *dev);
/* The device has been claimed: lock, claim and TAP. */
void device_persist_claim(struct device *dev);
/* It has a new host. */
void device_persist_host(struct device *dev);
/* It holds nothing any more. persisted.barrier is set: fdstore_wait() comes before the device is
 * used otherwise, and then device_barrier_passes(). */
void device_drop_persisted(struct device *dev);
void device_barrier_passes(struct device *dev);
/* The same for what an earlier ddekitd left and nobody adopts. */
void device_expect_barrier(struct device *dev);
/* @state: the fd of the description that the ddekitd before this one wrote, moved. */
void device_restore_persisted(struct device *dev, int state);

#endif
