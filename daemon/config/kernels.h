/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel versions: kernel-dir= has a folder for each, "6.1", with its runtime and its plugins.
 * A device without kernel= has those of runtime= and plugin-dir=.
 */
#ifndef DDEKITD_KERNELS_H
#define DDEKITD_KERNELS_H

#include "config.h"

/* Is it a version such as "6.12"? */
bool kernel_is_version(const char *text);
/* The runtime of the flavour "up", and the folder of its plugins. @kernel: NULL: the default. To
 * be freed; NULL: no memory. */
char *kernel_runtime(const struct global_config *global, const char *kernel);
char *kernel_plugin_dir(const struct global_config *global, const char *kernel);
/* The versions that are there, oldest first. Return: 0, -ENOMEM, -errno of the folder. */
int kernel_list(const char *dir, struct strv *ret);
/* Why this version cannot be used, and which can: to be freed, NULL: no memory. */
char *kernel_missing(const struct global_config *global, const char *kernel);

#endif
