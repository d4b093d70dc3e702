/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adopts a device that the ddekitd before this one drove, from what it left in the service
 * manager's fd store (persist.h).  A driver host that served and is of this build's protocol runs
 * on; any other is ended and a new one started on the same claim and TAP.  A claim that this
 * build cannot adopt is opened again.
 *
 * All of it may block, and comes before the event loop runs.  @key is the device's in the fd
 * store, @o what is described under "state" there.
 */
#ifndef DDEKITD_DEVICE_ADOPT_H
#define DDEKITD_DEVICE_ADOPT_H

#include <json-c/json.h>

#include "device.h"

/* The device's configuration of then. NULL: this build does not understand it, or no memory. */
struct device_config *adopt_config(struct json_object *o);
/* Moves what is under @key into the device, which has that configuration. Return: for
 * device_resume(). */
enum device_resume device_adopt(struct device *dev, const char *key, struct json_object *o);
/* Ends the driver host that is under @key and drops all else, but the lock if there is a
 * device: systemd may release its own copy of that later than the device needs it. */
void adopt_nothing(struct fdstore *store, const char *key, struct device *dev);

#endif
