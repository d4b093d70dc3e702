/* SPDX-License-Identifier: GPL-2.0-only */
/* The names in a folder. */
#ifndef DDEKITD_FOLDER_H
#define DDEKITD_FOLDER_H

#include "util.h"

/**
 * folder_names - list a folder
 * @path: may be NULL, an allocation that failed: returns -ENOMEM
 * @ret:  the names are added, in no particular order, without those that begin with a dot
 *
 * Return: 0, -ENOMEM, -errno of opendir(): nothing is added.
 */
int folder_names(const char *path, struct strv *ret);
/* The same, but a folder that does not exist or cannot be read counts as empty.
 * Return: 0, -ENOMEM. */
int folder_names_if_any(const char *path, struct strv *ret);
/* Return: whether @name ends in @suffix, such as ".conf". */
bool has_suffix(const char *name, const char *suffix);

#endif
