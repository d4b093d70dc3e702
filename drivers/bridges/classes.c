/* SPDX-License-Identifier: GPL-2.0-only */
/* The classes of devices that ddekitd and ddectl know; see class.h. */
#include <string.h>
#include "class.h"

extern const struct class_protocol net_protocol, block_protocol;

const struct class_protocol *const class_protocols[] = { &net_protocol, &block_protocol };
const size_t n_class_protocols = sizeof(class_protocols) / sizeof(class_protocols[0]);

const struct class_protocol *class_protocol_find(const char *name, size_t size)
{
	size_t i;

	if (!memchr(name, 0, size))
		return NULL;
	for (i = 0; i < n_class_protocols; i++)
		if (!strcmp(class_protocols[i]->name, name))
			return class_protocols[i];
	return NULL;
}
