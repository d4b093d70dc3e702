/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control interface org.ddekit.Manager1, served to whoever connects to the private
 * socket and, if there is one, on the system bus.
 */
#ifndef DDEKITD_INTERFACE_H
#define DDEKITD_INTERFACE_H

#include "supervise/manager.h"

struct bus;

struct interface {
	struct manager *manager;
	struct bus *bus;
};

/* Serves it and emits its signals. Both are borrowed until interface_close(), which comes
 * after manager_close(). Errors are logged. Return: 0, -errno. */
int interface_open(struct manager *m, struct interface *ret);
/* Does not wait for readers. One that is zero-initialised is fine. */
void interface_close(struct interface *i);

#endif
