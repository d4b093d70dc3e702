/* SPDX-License-Identifier: GPL-2.0-only */
/* The last lines of a device's log, for ddectl logs. */
#ifndef DDEKITD_LOG_RING_H
#define DDEKITD_LOG_RING_H

#include "util.h"

struct logring;

struct logline {
	uint64_t wall_ns;
	int level; /* 0..7 */
	char *text;
};

/* NULL: no memory. lines: how many are kept. */
struct logring *logring_create(uint32_t lines);
void logring_destroy(struct logring *ring); /* NULL is fine */
/* Drops the oldest line when full; a line without memory for it is dropped. */
void logring_add(struct logring *ring, int level, const char *text);
uint32_t logring_count(const struct logring *ring);
/* i: 0 is the oldest; less than the count. Borrowed. */
const struct logline *logring_at(const struct logring *ring, uint32_t i);

#endif
