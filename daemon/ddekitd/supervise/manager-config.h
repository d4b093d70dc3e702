/* SPDX-License-Identifier: GPL-2.0-only */
/* A ddekitd's configuration, and the last good one for when the file is bad. */
#ifndef DDEKITD_MANAGER_CONFIG_H
#define DDEKITD_MANAGER_CONFIG_H

#include "manager.h"

/* Reads the configuration; the options override it. Errors are logged.
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM. */
int manager_read_config(const struct manager_options *options, struct config *ret);
/* The same; errors are the caller's. */
int manager_load_config(const struct manager_options *options, struct config *ret,
			struct strv *errors);
/* Part of manager_open(): reads it, or falls back to the last good one. */
int manager_open_config(struct manager *m);
/* Saves the configuration in use, for a successor that finds a bad file. */
void manager_save_config(struct manager *m, const struct config *config);
/* Removes the saved one. */
void manager_forget_config(struct manager *m);

#endif
