/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The connection to the system bus, where everybody may call.  The event loop gives it a
 * share of its time, so that no caller delays devices: after 5 ms of messages it
 * pauses three times as long as they took.
 */
#ifndef DDEKITD_SYSTEM_BUS_H
#define DDEKITD_SYSTEM_BUS_H

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct sysbus;

/* Starts to connect; does not block. Return: 0, -errno: there is no system bus. */
int sysbus_open(struct sysbus **ret);
/* Begins to serve what was registered on sysbus_bus(). Return: 0, -errno. */
int sysbus_start(struct sysbus *s, sd_event *event);
/* Does not wait for the bus. NULL is fine. */
void sysbus_close(struct sysbus *s);
/* NULL: s is NULL. */
sd_bus *sysbus_bus(const struct sysbus *s);

#endif
