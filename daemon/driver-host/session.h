/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of one driver: from the handover to the end. Main thread. */
#ifndef DDEKIT_HOST_SESSION_H
#define DDEKIT_HOST_SESSION_H

#include <systemd/sd-event.h>
#include "ddekitd.h"

/* Adopts the device, boots the runtime and starts loading plugins; the rest
 * happens in the event loop. setup and class_fds are borrowed until the process ends.
 * Return: 0; on failure -errno, and the cause has been reported to ddekitd. */
int session_start(sd_event *event, struct proto_setup *setup, const int *class_fds);
/* Carries out a request of ddekitd; the reply is sent when it is done. */
void session_request(const struct proto_request *req);

#endif
