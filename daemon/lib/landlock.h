/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Landlock: which files a process may use. The rules are made by a process that may open the
 * paths; the one that they restrict makes one system call.
 */
#ifndef DDEKITD_LANDLOCK_H
#define DDEKITD_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define LANDLOCK_EXECUTE (1ull << 0)
#define LANDLOCK_WRITE (1ull << 1)
#define LANDLOCK_READ (1ull << 2)
#define LANDLOCK_READ_DIR (1ull << 3)
#define LANDLOCK_REMOVE (1ull << 5)
#define LANDLOCK_MAKE_SOCKET (1ull << 9)
#define LANDLOCK_TRUNCATE (1ull << 14)

/* The kernel's version of Landlock; 0: it has none. */
int landlock_version(void);
/**
 * landlock_open - make rules that allow no file
 * @tcp: TCP is not restricted (from version 4 on)
 *
 * From version 6 on, the process cannot signal processes outside, or connect to abstract
 * sockets made outside. Return: a file descriptor, close-on-exec; -ENOSYS or -EOPNOTSUPP: the
 * kernel has no Landlock; -errno.
 */
int landlock_open(bool tcp);
/* Allows the rights in a folder and below, or to a file. Those that the kernel does not know,
 * or that a file cannot have, are left out. Return: 0, -ENOENT (no such path), -errno. */
int landlock_allow(int rules, const char *path, uint64_t rights);
/* From now on for this thread; needs PR_SET_NO_NEW_PRIVS. Async-signal-safe. Return: 0, -errno. */
int landlock_enter(int rules);

#endif
