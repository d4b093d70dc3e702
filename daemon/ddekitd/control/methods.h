/* SPDX-License-Identifier: GPL-2.0-only */
/* The methods of org.ddekit.Manager1. The arg of each is the struct interface. */
#ifndef DDEKITD_METHODS_H
#define DDEKITD_METHODS_H

#include <systemd/sd-bus.h>

#include "interface.h"

/* Adds them to a connection; @i is borrowed as long as that is there. Return: 0, -errno. */
int methods_register(sd_bus *connection, struct interface *i);

/* device-page.c */
int method_get_device_page(sd_bus_message *msg, void *arg, sd_bus_error *error);

/* bind.c */
int method_bind(sd_bus_message *msg, void *arg, sd_bus_error *error);
int method_unbind(sd_bus_message *msg, void *arg, sd_bus_error *error);
int method_plan_bind(sd_bus_message *msg, void *arg, sd_bus_error *error);

int method_switch(sd_bus_message *msg, void *arg, sd_bus_error *error);
/* May a Bind do more than control its device (config_is_harmless())? Reads a message that is
 * rewound. @arg: struct interface. */
bool method_bind_is_privileged(sd_bus_message *msg, void *arg);

#endif
