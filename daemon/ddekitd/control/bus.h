/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections of the control interface: its socket and the system bus; signals to all. */
#ifndef DDEKITD_BUS_H
#define DDEKITD_BUS_H

#include <systemd/sd-bus.h>

#include "supervise/manager.h"

struct bus;

/* Adds objects to a new connection. Return: 0, -errno. */
typedef int (*bus_objects_fn)(sd_bus *connection, void *arg);

/* Makes <runtime-dir>/control.sock (control-BDF.sock with --device) and joins
 * the system bus if it can. Errors are logged. Return: 0, -errno. */
int bus_open(struct manager *m, bus_objects_fn objects, void *arg, struct bus **ret);
/* Does not wait for readers. NULL is fine. */
void bus_close(struct bus *bus);
/* Return: whether calls are refused because too many replies are unread. */
bool bus_is_clogged(sd_bus *bus);
/* Emits StateChanged and PropertiesChanged. */
void bus_state_changed(struct bus *bus, const struct device *dev, enum device_state from);
/* Emits LinkChanged: the link of a device that is up, or its speed. */
void bus_link_changed(struct bus *bus, const struct device *dev);
/* Emits LogLine to those who follow the device's log. */
void bus_log_line(struct bus *bus, const struct device *dev, int level, const char *text);
/* A connection follows a device's log from now on. Return: 0; -EOPNOTSUPP: it is the
 * system bus, where all would hear it. */
int bus_follow_log(struct bus *bus, sd_bus *connection, const struct device *dev);

#endif
