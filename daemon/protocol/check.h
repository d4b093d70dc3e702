/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks that messages of all kinds need. Any thread. */
#ifndef DDEKIT_PROTOCOL_CHECK_H
#define DDEKIT_PROTOCOL_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool text_terminated(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

/* Name of an interface or driver: printable, no space, no slash; may be empty. */
static inline bool text_is_name(const char *text, size_t size)
{
	size_t i;

	if (!text_terminated(text, size))
		return false;
	for (i = 0; text[i]; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '/')
			return false;
	return true;
}

#endif
