/* SPDX-License-Identifier: GPL-2.0-only */
/* Closing file descriptors, and eventfds that a driver host shares.  For ddekit/ and daemon/. */
#ifndef DDEKIT_FD_H
#define DDEKIT_FD_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

/* Closes *fd if it is open and sets it to -1. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * Empties an eventfd.  Does not block: RWF_NOWAIT does not depend on the status flags, which
 * all processes that have the eventfd can change.
 */
static inline void fd_drain_event(int fd)
{
	uint64_t count;
	struct iovec v = { &count, sizeof(count) };

	if (preadv2(fd, &v, 1, -1, RWF_NOWAIT) < 0)
		return; /* it was empty */
}

/* Resets an eventfd to its initial state, whatever a dead process did to it. Does not block. */
static inline void fd_reset_event(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fd_drain_event(fd);
}

#endif
