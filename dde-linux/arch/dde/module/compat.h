/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernels' module loaders have by other names; after module/internal.h. */
#ifndef DDE_MODULE_COMPAT_H
#define DDE_MODULE_COMPAT_H

#include <linux/module.h>
#include "../compat.h"
#include "plugin.h"

#if DDE_SINCE(6, 4)
static inline void dde_module_set_region(struct module *mod, enum mod_mem_type type, u64 base,
					 u64 size)
{
	mod->mem[type].base = size ? (void *)base : NULL;
	mod->mem[type].size = size;
}

static inline void dde_module_set_memory(struct module *mod, const struct dde_plugin *p)
{
	dde_module_set_region(mod, MOD_TEXT, p->text_base, p->text_size);
	dde_module_set_region(mod, MOD_RODATA, p->rodata_base, p->rodata_size);
	dde_module_set_region(mod, MOD_DATA, p->data_base, p->data_size);
}
#else
static inline void dde_module_set_memory(struct module *mod, const struct dde_plugin *p)
{
	mod->core_layout.base = (void *)p->text_base;
	mod->core_layout.size = p->image_base + p->image_size - p->text_base;
	mod->core_layout.text_size = p->text_size;
}
#endif

/* Of notify.c, which looks at memory that may be anything. An empty chain's head that has no
 * pointers is all zero, and so in .bss. */
#if DDE_SINCE(7, 2)
#define DDE_CHAINS_END __bss_stop
#define dde_rwsem_has_no_waiters(sem) (!(sem)->first_waiter)
#else
#define DDE_CHAINS_END _edata
#define dde_rwsem_has_no_waiters(sem) \
	((sem)->wait_list.next == &(sem)->wait_list && (sem)->wait_list.prev == &(sem)->wait_list)
#endif

/* Of sections.c: which symbols are for GPL modules alone. */
#if DDE_SINCE(7, 1)
#define DDE_PLACE_GPL PLACE("__kflagstab", flagstab, num_syms)
#else
#define DDE_PLACE_GPL PLACE("__ksymtab_gpl", gpl_syms, num_gpl_syms)
#endif

#endif
