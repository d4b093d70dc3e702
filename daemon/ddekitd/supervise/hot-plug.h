/* SPDX-License-Identifier: GPL-2.0-only */
/* Hot-plug: devices follow udev's events. */
#ifndef DDEKITD_HOT_PLUG_H
#define DDEKITD_HOT_PLUG_H

#include "manager.h"

struct hotplug;

/* Follows udev's events until hotplug_close(). Without udev nothing happens.
 * Return: 0, -errno. */
int hotplug_open(struct manager *m, struct hotplug **ret);
void hotplug_close(struct hotplug *h); /* NULL is fine */

#endif
