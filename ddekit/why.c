/* SPDX-License-Identifier: GPL-2.0-only */
/* Error messages for the caller's user. */
#include <stdio.h>
#include "backend.h"

/* What others wrote may be in it, such as QEMU: D-Bus refuses bytes that are no text. Line ends
 * stay. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((*text < ' ' || *text > '~') && *text != '\n')
			*text = '?';
}

int why(char **ret_why, int error, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	if (!ret_why)
		return error;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return error;
	make_printable(text);
	*ret_why = text;
	return error;
}
