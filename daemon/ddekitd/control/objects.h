/* SPDX-License-Identifier: GPL-2.0-only */
/* An object with properties for each device. */
#ifndef DDEKITD_OBJECTS_H
#define DDEKITD_OBJECTS_H

#include <systemd/sd-bus.h>

#include "supervise/manager.h"

/* Adds them to a connection; @m is borrowed as long as that is there. Return: 0, -errno. */
int objects_register(sd_bus *connection, struct manager *m);

#endif
