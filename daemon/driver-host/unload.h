/* SPDX-License-Identifier: GPL-2.0-only */
/* Unloads plugins from the runtime, users before what they use, and unmaps them. */
#ifndef DDEKIT_HOST_UNLOAD_H
#define DDEKIT_HOST_UNLOAD_H

#include <stdbool.h>
#include "dde_host.h"

/**
 * unload_start - unload plugins, and all that request_module() has loaded
 * @plugin: array of @n in load order, NULL for what is not there; each is set to
 *          NULL when it is unmapped. Stays until @done
 * @goes:   is number i of them to be unloaded?
 * @done:   called from the event loop, never from within this call. error: 0;
 *          -EBUSY, what is left is in use (why names one); other -errno. why:
 *          NULL without error, borrowed for the call
 *
 * Main thread; one at a time.
 */
void unload_start(struct dde_host_plugin **plugin, unsigned int n, bool (*goes)(unsigned int i),
		  void (*done)(int error, const char *why));

#endif
