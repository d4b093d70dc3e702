/* SPDX-License-Identifier: GPL-2.0-only */
/* The names in a folder. */
#ifndef DDEKITD_FOLDER_H
#define DDEKITD_FOLDER_H

#include "util.h"

/**
 * folder_names - list a folder
 * @path: NULL: no memory, which is -ENOMEM
 * @ret:  its names are added, in no order; those that begin with a dot are left out
 *
 * Return: 0, -ENOMEM, -errno of opendir(): nothing is added.
 */
int folder_names(const char *path, struct strv *ret);
/* The same; a folder that is not there or cannot be read is empty. Return: 0, -ENOMEM. */
int folder_names_if_any(const char *path, struct strv *ret);
/* Does a name end in ".conf" or the like? */
bool has_suffix(const char *name, const char *suffix);

#endif
