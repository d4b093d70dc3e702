/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A text in a memfd whose writer may die at any time: a later reader finds the last text
 * that was written completely.  There are two slots, and a header, written by one call,
 * that names the valid slot.
 */
#ifndef DDEKITD_STATE_FILE_H
#define DDEKITD_STATE_FILE_H

#include "lib/util.h"

#define STATEFILE_MAX (1u << 20) /* maximum length of a text, in bytes */

/* Creates an empty state file. Return: fd, -errno. */
int statefile_create(const char *name);
/* Return: 0; -E2BIG, -errno: the previous text stays valid. */
int statefile_write(int fd, const char *text, size_t len);
/* Reads the last text, NUL terminated; the caller frees it. ret_len may be NULL. Return: 0,
 * -ENODATA (empty, or another format version), -EBADMSG (damaged), -ENOMEM, -errno. */
int statefile_read(int fd, char **ret, size_t *ret_len);

#endif
