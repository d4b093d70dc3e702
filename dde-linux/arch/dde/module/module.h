/* SPDX-License-Identifier: GPL-2.0-only */
/* Interface of module/: plugins.  Task context, may sleep, unless stated otherwise. */
#ifndef DDE_MODULE_H
#define DDE_MODULE_H

#include <linux/types.h>
#include <asm/dde_seam.h>

/* dde_up_plugin. */
s64 dde_plugin_load(void *arg);
s64 dde_plugin_unload(void *arg);
s64 dde_plugin_modules(void *arg);
s64 dde_param(void *arg);
void dde_modprobe_answer(struct dde_modprobe *m);

/* Return: how many plugins are loaded. */
unsigned int dde_plugin_count(void);

/* Any host thread, also after a crash; does not sleep.  Writes the symbol of an address
 * into buf.  Return: length, 0 if no plugin has the address, or kallsyms knows it. */
int dde_plugin_symbol(unsigned long addr, char *buf, unsigned int size);
/* After a crash, takes no lock: logs where the plugins' images lie. */
void dde_plugins_show_images(void);

#endif
