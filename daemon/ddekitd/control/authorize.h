/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may call a method: root may, others if polkit says so. */
#ifndef DDEKITD_AUTHORIZE_H
#define DDEKITD_AUTHORIZE_H

#include <systemd/sd-bus.h>

/**
 * authorize - run a method if its sender may
 * @action: of units/org.ddekit.policy; NULL: for root alone
 * @run:    the method; gets @arg, now or once the bus, and polkit, have answered
 *
 * Only root can connect to the control socket: its calls run at once. Does not
 * block. How many calls of a sender wait, and of a user for polkit, is limited
 * (callers.h). Return: as a method's handler.
 */
int authorize(sd_bus_message *msg, const char *action, sd_bus_message_handler_t run, void *arg,
	      sd_bus_error *error);
/* Drops what still waits; before the bus is closed. */
void authorize_finish(void);

#endif
