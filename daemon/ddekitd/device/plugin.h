/* SPDX-License-Identifier: GPL-2.0-only */
/* Which plugin drives a device, with which arguments. Reads files, some ms; in the event loop. */
#ifndef DDEKITD_DEVICE_PLUGIN_H
#define DDEKITD_DEVICE_PLUGIN_H

#include "config/catalog.h"
#include "config/config.h"
#include "protocol/host.h"

/* Which module files with which parameters, got from the catalogue. */
struct device_plugin {
	char *name;
	char *class;
	char *bridge;                     /* "net", or NULL */
	char *bus;                        /* of its disks, see drivers/README.md; "": none */
	struct strv path;                 /* absolute, in load order */
	struct strv args;                 /* of the same length */
	struct strv unknown;              /* options that are no parameter of the driver */
	uint32_t role[PROTO_MAX_PLUGINS]; /* PLUGIN_…, likewise */
};

/**
 * plugin_choose - the plugin for a device
 * @modalias:   its PCI ids; empty: not known, then driver=auto fails
 * @global:     where the plugins of its kernel are; those of other flavours are beside them
 * @ret:        to be finished
 *
 * What is wrong in the catalogue is logged.
 * Return: 0; -errno with *ret_why to be freed, NULL for want of memory.
 */
int plugin_choose(const struct device_config *config, const char *modalias,
		  const struct global_config *global, struct device_plugin *ret, char **ret_why);
/* Return: what an administrator should know, empty: nothing; to be freed; NULL: no memory. */
char *plugin_note(const struct device_plugin *plugin);
void plugin_finish(struct device_plugin *plugin);

#endif
