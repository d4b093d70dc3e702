/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to module/.  Task context, may sleep. */
#ifndef DDE_MODULE_PLUGIN_H
#define DDE_MODULE_PLUGIN_H

#include <linux/types.h>
#include <asm/dde_seam.h>

struct module;

/* ---- plugin.c */

/* As dde_plugin_load(), without waiting for devices to be probed: for loads that
 * such a probe may wait for. Return: -EEXIST if it is live already. */
int dde_plugin_load_one(const struct dde_plugin *p);
/* For those with a file in sysfs, until fn returns an error; module_mutex held. */
void dde_plugin_each_parameter(int (*fn)(const char *module, const char *name, void *arg),
			       void *arg);

/* ---- info.c */

/* Return: the section; NULL: there is none of that name, or it is empty. */
const struct dde_section *dde_plugin_section(const struct dde_plugin *p, const char *name);
/* Return: the value of "tag=value" in .modinfo, or NULL. */
const char *dde_plugin_modinfo(const struct dde_plugin *p, const char *tag);
void dde_plugin_set_attributes(struct module *mod, const struct dde_plugin *p);
void dde_plugin_free_attributes(struct module *mod);
/* Makes its symbols known to kallsyms. Return: 0, -ENOMEM. */
int dde_plugin_set_symbols(struct module *mod, const struct dde_plugin *p);
void dde_plugin_free_symbols(struct module *mod);
/* Return: whether the file of the module has a symbol table. */
bool dde_plugin_has_symbols(const struct module *mod);

/* ---- notify.c */

void dde_plugin_notify(struct module *mod, unsigned long state);
/* Return: 0, or the error of a notifier; then those before it were called for going. */
int dde_plugin_notify_coming(struct module *mod);

/* ---- sections.c */

int dde_plugin_set_sections(struct module *mod, const struct dde_section *sections);
/* Calls the module's constructors; before its init. */
void dde_plugin_construct(struct module *mod, const struct dde_plugin *p);
/* Registers the module's BUG() and WARN(), until module_bug_cleanup(). */
void dde_plugin_set_bugs(struct module *mod, const struct dde_section *sections);

#endif
