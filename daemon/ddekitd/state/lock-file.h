/* SPDX-License-Identifier: GPL-2.0-only */
/* Lock files in the runtime folder: one for a ddekitd, one for each claimed device. */
#ifndef DDEKITD_LOCK_FILE_H
#define DDEKITD_LOCK_FILE_H

#include <sys/types.h>

/**
 * lockfile_open - make <dir>/<name> if need be, and lock it; its text is our pid
 * @ret_owner: with -EBUSY the other's pid, 0 if not known
 *
 * Any thread. Blocks up to 1 s, for a child of a dead owner that is about to end.
 * Return: fd, -EBUSY, -errno.
 */
int lockfile_open(const char *dir, const char *name, pid_t *ret_owner);
/* Writes our pid into a lock that another process locked for us. Return: 0, -errno. */
int lockfile_sign(int fd);
/* Removes and closes it; -1 is fine. */
void lockfile_remove(const char *dir, const char *name, int *fd);

#endif
