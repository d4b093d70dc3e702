/* SPDX-License-Identifier: GPL-2.0-only */
/* The classes of devices that a driver host knows; see class-host.h. */
#include <stddef.h>
#include <string.h>
#include "class-host.h"

extern const struct bridge_class net_bridge_class, block_bridge_class;

static const struct bridge_class *const classes[] = { &net_bridge_class, &block_bridge_class };

const struct bridge_class *bridge_class_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (!strcmp(classes[i]->name, name))
			return classes[i];
	return NULL;
}
