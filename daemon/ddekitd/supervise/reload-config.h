/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the configuration again, while devices run. */
#ifndef DDEKITD_RELOAD_CONFIG_H
#define DDEKITD_RELOAD_CONFIG_H

#include "manager.h"

/* Called once, in the event loop: r < 0: all stays as it was, and @why (NULL: no memory) has
 * the errors, one per line. */
typedef void (*manager_reloaded_fn)(void *arg, int r, const char *why);
/* Reads the configuration again; fn is called once it is in use. Return: 0; -errno: fn will
 * not be called, all stays as it was; *ret_why: the errors, one per line, to be freed. */
int manager_reload(struct manager *m, manager_reloaded_fn fn, void *arg, char **ret_why);

#endif
