/* SPDX-License-Identifier: GPL-2.0-only */
/* See class-host.h. */
#include <stddef.h>
#include <string.h>
#include "class-host.h"

static const struct bridge *const bridges[] = { &bridge_net, &bridge_block };

const struct bridge *bridge_find(const char *class)
{
	size_t i;

	for (i = 0; i < sizeof(bridges) / sizeof(bridges[0]); i++)
		if (!strcmp(bridges[i]->class, class))
			return bridges[i];
	return NULL;
}
