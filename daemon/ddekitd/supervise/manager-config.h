/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration of ddekitd, and the last valid one in case the file is invalid. */
#ifndef DDEKITD_MANAGER_CONFIG_H
#define DDEKITD_MANAGER_CONFIG_H

#include "manager.h"

/* Reads the configuration; the options override it. Errors are logged.
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM. */
int manager_read_config(const struct manager_options *options, struct config *ret);
/* The same, but errors are returned and not logged. */
int manager_load_config(const struct manager_options *options, struct config *ret,
			struct strv *errors);
/* Part of manager_open(): reads the configuration, or falls back to the last valid one. */
int manager_open_config(struct manager *m);
/* Saves the configuration in use, for the next ddekitd, in case it finds an invalid file. */
void manager_save_config(struct manager *m, const struct config *config);
/* Removes the saved configuration. */
void manager_forget_config(struct manager *m);

#endif
