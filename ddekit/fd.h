/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a file descriptor.  For ddekit/ and daemon/. */
#ifndef DDEKIT_FD_H
#define DDEKIT_FD_H

#include <unistd.h>

/* Closes *fd if it is open and sets it to -1. */
static inline void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#endif
