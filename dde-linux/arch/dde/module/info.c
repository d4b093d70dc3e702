// SPDX-License-Identifier: GPL-2.0-only
/* What a plugin's file says about its module: sections, .modinfo, symbols. */
#include <linux/elf.h>
#include <linux/err.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "module/internal.h"
#include "plugin.h"

/* ---- module information -------------------------------------------------- */

const struct dde_section *dde_plugin_section(const struct dde_plugin *p, const char *name)
{
	const struct dde_section *s;

	for (s = p->sections; s && s->name; s++)
		if (!strcmp(s->name, name) && s->start != s->end)
			return s;
	return NULL;
}

const char *dde_plugin_modinfo(const struct dde_plugin *p, const char *tag)
{
	const struct dde_section *s = dde_plugin_section(p, ".modinfo");
	size_t len = strlen(tag);
	const char *pair;

	if (!s)
		return NULL;
	for (pair = s->start; pair < (const char *)s->end; pair += strlen(pair) + 1)
		if (!strncmp(pair, tag, len) && pair[len] == '=')
			return pair + len + 1;
	return NULL;
}

void dde_plugin_set_attributes(struct module *mod, const struct dde_plugin *p)
{
	size_t i;

	for (i = 0; i < modinfo_attrs_count; i++) {
		const struct module_attribute *attr = modinfo_attrs[i];

		if (attr && attr->setup)
			attr->setup(mod, dde_plugin_modinfo(p, attr->attr.name));
	}
}

void dde_plugin_free_attributes(struct module *mod)
{
	size_t i;

	for (i = 0; i < modinfo_attrs_count; i++)
		if (modinfo_attrs[i] && modinfo_attrs[i]->free)
			modinfo_attrs[i]->free(mod);
}

/* ---- symbols ------------------------------------------------------------- */

#ifdef CONFIG_KALLSYMS
/* For plugins without a symbol table: one symbol, which never matches. */
static Elf_Sym no_symbol;
static char no_name[1], no_type[1];

int dde_plugin_set_symbols(struct module *mod, const struct dde_plugin *p)
{
	const struct dde_section *symtab = dde_plugin_section(p, ".symtab");
	const struct dde_section *strtab = dde_plugin_section(p, ".strtab");
	struct mod_kallsyms *ks = &mod->core_kallsyms;
	size_t i;

	*ks = (struct mod_kallsyms){
		.symtab = &no_symbol,
		.num_symtab = 1,
		.strtab = no_name,
		.typetab = no_type,
	};
	if (symtab && strtab) {
		ks->num_symtab = (symtab->end - symtab->start) / sizeof(Elf_Sym);
		ks->symtab = kvmalloc_array(ks->num_symtab, sizeof(Elf_Sym) + 1, GFP_KERNEL);
		if (!ks->symtab)
			return -ENOMEM;
		ks->typetab = (char *)(ks->symtab + ks->num_symtab);
		ks->strtab = strtab->start;
		memcpy(ks->symtab, symtab->start, ks->num_symtab * sizeof(Elf_Sym));
		for (i = 0; i < ks->num_symtab; i++) {
			ks->symtab[i].st_value += p->image_base;
			ks->typetab[i] = ELF_ST_TYPE(ks->symtab[i].st_info) == STT_FUNC ? 't' : 'd';
		}
	}
	rcu_assign_pointer(mod->kallsyms, ks);
	return 0;
}

bool dde_plugin_has_symbols(const struct module *mod)
{
	return mod->core_kallsyms.symtab != &no_symbol;
}

void dde_plugin_free_symbols(struct module *mod)
{
	if (dde_plugin_has_symbols(mod))
		kvfree(mod->core_kallsyms.symtab);
}
#else
int dde_plugin_set_symbols(struct module *mod, const struct dde_plugin *p)
{
	return 0;
}

bool dde_plugin_has_symbols(const struct module *mod)
{
	return false;
}

void dde_plugin_free_symbols(struct module *mod)
{
}
#endif
