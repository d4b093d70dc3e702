// SPDX-License-Identifier: GPL-2.0-only
/*
 * What find_module_sections() of the kernel's loader finds in a module's ELF file,
 * read from the table that is linked into a plugin.
 */
#include <linux/bug.h>
#include <linux/dynamic_debug.h>
#include <linux/elf.h>
#include <linux/extable.h>
#include <linux/kasan.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/srcu.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/tracepoint-defs.h>
#include <linux/jump_label.h>
#include <asm/extable.h>
#include <kunit/test.h>
#include "module/internal.h"
#include "compat.h"
#include "plugin.h"

/* Where struct module has a section's array and the number of its elements. */
struct place {
	const char *section;
	size_t array;
	size_t count;
	size_t element;
};

#define PLACE(name, array_, count_) \
	{ \
		.section = (name), .array = offsetof(struct module, array_), \
		.count = offsetof(struct module, count_), \
		.element = sizeof(*((struct module *)0)->array_), \
	}

static const struct place places[] = {
	PLACE("__param", kp, num_kp),
	PLACE("__ksymtab", syms, num_syms),
	DDE_PLACE_GPL,
	PLACE("__ex_table", extable, num_exentries),
	PLACE(".noinstr.text", noinstr_text_start, noinstr_text_size),
#ifdef CONFIG_CONSTRUCTORS
	PLACE(".ctors", ctors, num_ctors),
	PLACE(".init_array", ctors, num_ctors),
#endif
#ifdef CONFIG_TRACEPOINTS
	PLACE("__tracepoints_ptrs", tracepoints_ptrs, num_tracepoints),
#endif
#ifdef CONFIG_TREE_SRCU
	PLACE("___srcu_struct_ptrs", srcu_struct_ptrs, num_srcu_structs),
#endif
#ifdef CONFIG_BPF_EVENTS
	PLACE("__bpf_raw_tp_map", bpf_raw_events, num_bpf_raw_events),
#endif
#ifdef CONFIG_JUMP_LABEL
	PLACE("__jump_table", jump_entries, num_jump_entries),
#endif
#ifdef CONFIG_EVENT_TRACING
	PLACE("_ftrace_events", trace_events, num_trace_events),
	PLACE("_ftrace_eval_map", trace_evals, num_trace_evals),
#endif
#ifdef CONFIG_TRACING
	PLACE("__trace_printk_fmt", trace_bprintk_fmt_start, num_trace_bprintk_fmt),
#endif
#ifdef CONFIG_FTRACE_MCOUNT_RECORD
	PLACE(FTRACE_CALLSITE_SECTION, ftrace_callsites, num_ftrace_callsites),
#endif
#ifdef CONFIG_KPROBES
	PLACE(".kprobes.text", kprobes_text_start, kprobes_text_size),
	PLACE("_kprobe_blacklist", kprobe_blacklist, num_kprobe_blacklist),
#endif
#ifdef CONFIG_FUNCTION_ERROR_INJECTION
	PLACE("_error_injection_whitelist", ei_funcs, num_ei_funcs),
#endif
#ifdef CONFIG_PRINTK_INDEX
	PLACE(".printk_index", printk_index_start, printk_index_size),
#endif
#ifdef CONFIG_HAVE_STATIC_CALL_INLINE
	PLACE(".static_call_sites", static_call_sites, num_static_call_sites),
#endif
#if IS_ENABLED(CONFIG_KUNIT)
	PLACE(".kunit_test_suites", kunit_suites, num_kunit_suites),
	PLACE(".kunit_init_test_suites", kunit_init_suites, num_kunit_init_suites),
#endif
#ifdef CONFIG_DYNAMIC_DEBUG_CORE
	PLACE("__dyndbg", dyndbg_info.descs, dyndbg_info.num_descs),
	PLACE("__dyndbg_classes", dyndbg_info.classes, dyndbg_info.num_classes),
#endif
};

/* Sections without a meaning here, or read elsewhere. */
/* clang-format off */
static const char *const ignored[] = {
	"__kcrctab",		/* symbol checksums: the ABI hash replaces them */
	"__kcrctab_gpl",
	".modinfo",		/* info.c */
#ifdef CONFIG_GENERIC_BUG
	"__bug_table",		/* dde_plugin_set_bugs() */
#endif
	".symtab",		/* info.c */
#ifdef CONFIG_SMP
	".data..percpu",	/* plugin.c */
#endif
	".strtab",
#ifndef CONFIG_PRINTK_INDEX
	".printk_index",
#endif
};
/* clang-format on */

static int set_place(struct module *mod, const struct place *p, const struct dde_section *s)
{
	size_t bytes = s->end - s->start;

	if (bytes % p->element) {
		pr_err("%s: section %s: %zu bytes are not a multiple of %zu\n", mod->name, s->name,
		       bytes, p->element);
		return -ENOEXEC;
	}
	*(void **)((char *)mod + p->array) = s->start;
	*(unsigned int *)((char *)mod + p->count) = bytes / p->element;
	return 0;
}

static int set_section(struct module *mod, const struct dde_section *s)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i].section, s->name))
			return set_place(mod, &places[i], s);
	for (i = 0; i < ARRAY_SIZE(ignored); i++)
		if (!strcmp(ignored[i], s->name))
			return 0;
	pr_err("%s: section %s needs a kernel option that the runtime was built without\n",
	       mod->name, s->name);
	return -ENOEXEC;
}

int dde_plugin_set_sections(struct module *mod, const struct dde_section *sections)
{
	const struct dde_section *s;
	int err;

	for (s = sections; s && s->name; s++) {
		if (s->start == s->end)
			continue;
		err = set_section(mod, s);
		if (err)
			return err;
	}
	if (mod->num_exentries)
		sort_extable(mod->extable, mod->extable + mod->num_exentries);
	return 0;
}

/* The kernel's code finds the table in an ELF file: build one with that section. */
void dde_plugin_set_bugs(struct module *mod, const struct dde_section *sections)
{
	struct {
		Elf_Ehdr header;
		Elf_Shdr section[2];
		char names[16];
	} file = {
		.header = { .e_shnum = 1 },
		.names = "\0__bug_table",
	};
	const struct dde_section *s;

	file.section[0].sh_offset = offsetof(typeof(file), names);
	for (s = sections; s && s->name; s++)
		if (!strcmp(s->name, "__bug_table")) {
			file.header.e_shnum = 2;
			file.section[1].sh_name = 1;
			file.section[1].sh_addr = (unsigned long)s->start;
			file.section[1].sh_size = s->end - s->start;
		}
	module_bug_finalize(&file.header, file.section, mod);
}

/*
 * KASAN's constructors poison the gaps between the image's variables; clear what an
 * earlier image at the same place has left of that first.
 */
void dde_plugin_construct(struct module *mod, const struct dde_plugin *p)
{
#ifdef CONFIG_CONSTRUCTORS
	unsigned long i;

	kasan_unpoison_range((void *)p->image_base, p->image_size);
	for (i = 0; i < mod->num_ctors; i++)
		mod->ctors[i]();
#endif
}
