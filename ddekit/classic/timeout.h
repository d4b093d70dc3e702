/* SPDX-License-Identifier: GPL-2.0-only */
/* Points in time for timed waits of POSIX threads. Private to ddekit/classic/. */
#ifndef DDEKIT_TIMEOUT_H
#define DDEKIT_TIMEOUT_H

#include <time.h>

/* CLOCK_MONOTONIC, msecs from now; negative: now. */
static inline struct timespec timeout_in(int msecs)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (msecs > 0) {
		t.tv_sec += msecs / 1000;
		t.tv_nsec += (long)(msecs % 1000) * 1000000;
	}
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

#endif
