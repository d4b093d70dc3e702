/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may call a method: root (CAP_SYS_ADMIN) may, others if polkit says so. */
#ifndef DDEKITD_AUTHORIZE_H
#define DDEKITD_AUTHORIZE_H

#include <systemd/sd-bus.h>

/**
 * authorize - run a method if its sender may
 * @action: of units/org.ddekit.policy
 * @run:    the method; gets @arg, now or once polkit has answered
 *
 * The control socket lets only root in: what comes by it is run at once. Does not
 * block. Return: as a method's handler.
 */
int authorize(sd_bus_message *msg, const char *action, sd_bus_message_handler_t run, void *arg,
	      sd_bus_error *error);

#endif
