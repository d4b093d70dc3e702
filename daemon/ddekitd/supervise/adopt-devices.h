/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices across a restart of ddekitd. */
#ifndef DDEKITD_SUPERVISE_ADOPT_DEVICES_H
#define DDEKITD_SUPERVISE_ADOPT_DEVICES_H

#include "manager.h"

/* Goes on with all devices that the ddekitd before this one left in the fd store
 * (device/adopt.h). Before the event loop runs, and before autostart; may block. */
void manager_adopt(struct manager *m);
/* Everything is left to the next ddekitd, which has all of it after fdstore_wait(). */
void manager_leave(struct manager *m);

#endif
