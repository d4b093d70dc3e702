/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What joins a class of devices to the host, as the session sees it. Main thread.
 * One table per class; which one is named by the set-up.
 */
#ifndef DDEKIT_HOST_BRIDGE_H
#define DDEKIT_HOST_BRIDGE_H

#include <systemd/sd-event.h>
#include "dde_host.h"
#include "driver-host/ddekitd.h"

struct bridge {
	const char *class;		/* "net" */
	const char *missing;		/* what a driver that drives nothing does not offer */
	/* Joins the opened plugin to the host's side. Events may follow once the plugin's
	 * attach is called. Return: 0, -EPROTO (its files did not come), -errno. */
	int (*open)(struct dde_host_plugin *plugin, const struct proto_setup *setup,
		    const struct wire_fds *fds, sd_event *event);
	/* The plugin's functions, for requests. Return: NULL before open(). */
	int64_t (*(*attach)(void))(void *arg);
	int64_t (*(*detach)(void))(void *arg);
	/* The driver is about to be unloaded. */
	void (*reloads)(void);
	/* Tells ddekitd all that it was told before. */
	void (*say)(void);
};

extern const struct bridge bridge_net, bridge_block;

/* By class. Return: NULL: not known. */
const struct bridge *bridge_find(const char *class);

#endif
