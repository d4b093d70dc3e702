/* SPDX-License-Identifier: GPL-2.0-only */
/* Deadlines of operations of several steps. Private to ddekit/. */
#ifndef DDEKIT_DEADLINE_H
#define DDEKIT_DEADLINE_H

#include <stdint.h>
#include <time.h>

/* One deadline covers a whole operation, however many steps it has: ns of CLOCK_MONOTONIC. */
#define DEADLINE_NEVER UINT64_MAX

static inline uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t deadline_ns(unsigned int msecs)
{
	return monotonic_ns() + (uint64_t)msecs * 1000000u;
}

static inline uint64_t deadline_first(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds for poll(), rounded up; -1: no deadline; 0: it has passed. */
static inline int deadline_left_ms(uint64_t deadline)
{
	uint64_t now, left;

	if (deadline == DEADLINE_NEVER)
		return -1;
	now = monotonic_ns();
	if (now >= deadline)
		return 0;
	left = (deadline - now + 999999) / 1000000;
	return left < 3600000 ? (int)left : 3600000;
}

#endif
