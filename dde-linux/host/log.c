/* SPDX-License-Identifier: GPL-2.0-only */
/* Log lines, messages about failures, and the end of the process. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "internal.h"

static const struct dde_host_events *log_events;

void host_log_init(const struct dde_host_events *events)
{
	log_events = events;
}

void host_log_line(uint32_t level, const char *text, uint32_t len)
{
	log_events->log(level, text, len);
}

void host_log(unsigned int level, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	log_events->log(level, text, (size_t)n);
}

void host_why(char **ret_why, const char *fmt, ...)
{
	va_list ap;

	if (!ret_why)
		return;
	va_start(ap, fmt);
	if (vasprintf(ret_why, fmt, ap) < 0)
		*ret_why = NULL;
	va_end(ap);
}

void host_die(const char *reason)
{
	log_events->died(reason);
	abort();
}
