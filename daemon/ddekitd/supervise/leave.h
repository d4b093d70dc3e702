/* SPDX-License-Identifier: GPL-2.0-only */
/* SIGTERM of the service manager: a stop, a restart, or the end of the machine. */
#ifndef DDEKITD_LEAVE_H
#define DDEKITD_LEAVE_H

#include "manager.h"

/* Asks systemd which it is, then stops all devices, or leaves them: to the next ddekitd, or until
 * the end of the machine. Called again before it has answered, it stops them. Event loop; does
 * not block. */
void leave_as_asked(struct manager *m);

#endif
