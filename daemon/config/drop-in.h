/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The drop-in of a persistently bound device: CONFIG.d/BDF.conf, written by
 * "ddectl bind" and removed by "ddectl unbind".  It is staged under a hidden name and
 * renamed once the device is up; a file of that name that an administrator wrote is never
 * changed.
 *
 * @config: path of the configuration file. All may block on the disk.
 */
#ifndef DDEKITD_DROP_IN_H
#define DDEKITD_DROP_IN_H

#include "config.h"

/* Where it is or would be; to be freed. NULL: no memory. */
char *dropin_path(const char *config, const char *bdf);
/* Its text; to be freed. NULL: no memory. */
char *dropin_text(const struct device_config *dev);
/* Did bind write the file that is there? */
bool dropin_is_ours(const char *config, const char *bdf);

/**
 * dropin_check - could the device be added to the configuration as it is on disk?
 * Return: 0, -EINVAL, -EEXIST (a section elsewhere), -ENOMEM; *ret_why says more.
 */
int dropin_check(const char *config, const struct device_config *dev, char **ret_why);
/* Checks it and writes it under the hidden name. Return: likewise, -errno. */
int dropin_stage(const char *config, const struct device_config *dev, char **ret_why);
/* Renames the staged file. Return: 0, -errno; it is discarded then. */
int dropin_commit(const char *config, const char *bdf);
void dropin_discard(const char *config, const char *bdf);
/* Return: 0, -ENOENT (there is none), -EPERM (an administrator's), -errno. */
int dropin_remove(const char *config, const char *bdf);

#endif
