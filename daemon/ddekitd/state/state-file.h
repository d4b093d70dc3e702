/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A text in a memfd that its writer may leave at any moment: whoever reads it
 * afterwards finds the last text that was written whole.  Two slots, and a header
 * of one write that says which is valid.
 */
#ifndef DDEKITD_STATE_FILE_H
#define DDEKITD_STATE_FILE_H

#include "lib/util.h"

#define STATEFILE_MAX (1u << 20) /* bytes of a text */

/* Makes an empty one. Return: fd, -errno. */
int statefile_create(const char *name);
/* Return: 0, -E2BIG, -errno: the text before it stays valid. */
int statefile_write(int fd, const char *text, size_t len);
/* The last text, with a NUL behind it, to be freed; ret_len may be NULL. Return: 0,
 * -ENODATA (none yet, or of another version), -EBADMSG (damaged), -ENOMEM, -errno. */
int statefile_read(int fd, char **ret, size_t *ret_len);

#endif
