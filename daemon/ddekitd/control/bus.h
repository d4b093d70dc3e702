/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control interface org.ddekit.Manager1: one vtable, served to whoever
 * connects to the private socket and, if there is one, on the system bus.
 *
 *   bus.c      connections
 *   methods.c  the vtable and its methods
 *   objects.c  an object for each device
 *   report.c   devices and plugins as JSON
 */
#ifndef DDEKITD_BUS_H
#define DDEKITD_BUS_H

#include <systemd/sd-bus.h>

#include "protocol/control.h"
#include "supervise/manager.h"

struct bus;

/* Makes <runtime-dir>/control.sock (control-BDF.sock with --device) and joins
 * the system bus if it can. Errors are logged. Return: 0, -errno. */
int bus_open(struct manager *m, struct bus **ret);
/* Does not wait for readers. NULL is fine. */
void bus_close(struct bus *bus);
/* Are there so many answers that nobody has read that no call is to be answered? */
bool bus_is_clogged(sd_bus *bus);
/* Emits StateChanged and PropertiesChanged. */
void bus_state_changed(struct bus *bus, struct device *dev, enum device_state from);

/* Emits LinkChanged: the link of a device that is up, or its speed. */
void bus_link_changed(struct bus *bus, const struct device *dev);
/* Emits LogLine to those who follow the device's log. */
void bus_log_line(struct bus *bus, const struct device *dev, int level, const char *text);
/* A connection follows a device's log from now on. Return: 0; -EOPNOTSUPP: it is the
 * system bus, where all would hear it. */
int bus_follow_log(struct bus *bus, sd_bus *connection, const struct device *dev);

/* methods.c */
int methods_register(sd_bus *bus, struct manager *m);

/* objects.c */
int objects_register(sd_bus *bus, struct manager *m);
/* Emits PropertiesChanged of the device's state. */
void objects_changed(sd_bus *bus, struct device *dev);

#endif
