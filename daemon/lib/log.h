/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's log.  Lines go to the journal with fields when stderr is
 * connected to it, otherwise to stderr: with a <N> level prefix when it is a
 * pipe or file, bare on a terminal.
 */
#ifndef DDEKITD_LOG_H
#define DDEKITD_LOG_H

#include <syslog.h>

#include "util.h"

/* How many lines about one thing there have been; starts as zeros. */
struct log_budget {
	uint64_t window_ns; /* its start */
	uint32_t lines;
	uint32_t suppressed; /* not reported yet */
};

#define LOG_BUDGET_LINES 200u
#define LOG_BUDGET_NS 10000000000ull

/* What a line is about; all may be NULL. */
struct log_about {
	const char *bdf;        /* DDE_BDF= */
	const char *driver;     /* DDE_DRIVER= */
	const char *message_id; /* MESSAGE_ID= */
	/* Of what a process that is not trusted can trigger: beyond LOG_BUDGET_LINES in
	 * LOG_BUDGET_NS lines are counted and suppressed, but for those with a message id. */
	struct log_budget *budget;
};

/* Message ids of the journal catalogue. */
#define LOG_ID_STATE "5d0c9e6f3c8b4f0f9b0a0b8f2a6c7d11"  /* a device changed its state */
#define LOG_ID_DIED "c1f0a7b84f6d4f6fb2b3a2d1d4c9e822"   /* a driver host died */
#define LOG_ID_FAILED "8b6fe0a0de8c4b7d9f5fd7c3a1b25e33" /* a device was given up */

/* Call once at start. max_level: LOG_ERR .. LOG_DEBUG. */
void log_open(int max_level);
/* about may be NULL. */
void log_line(const struct log_about *about, int level, const char *fmt, ...) FORMAT(3, 4);

#define log_error(...) log_line(NULL, LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(NULL, LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(NULL, LOG_NOTICE, __VA_ARGS__)
#define log_debug(...) log_line(NULL, LOG_DEBUG, __VA_ARGS__)

#endif
