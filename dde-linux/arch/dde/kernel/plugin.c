// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plugins: modules which the dynamic linker has already loaded.  What is left
 * of the work of the kernel's own loader (kernel/module/main.c) is done here,
 * in its order: the module becomes known, is set up, is initialised, goes live.
 *
 * All of it runs in the control thread, one plugin at a time.
 */
#include <linux/async.h>
#include <linux/device/driver.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kallsyms.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "module/internal.h"
#include "internal.h"

/* What kernel/module/main.c calls the count of a module that nobody uses. */
#define REF_BASE 1

/* A module's own record; readers of the list hold the RCU read lock. */
struct plugin {
	struct list_head list;
	struct module *mod;
	unsigned long base;
	unsigned long size;
};

static LIST_HEAD(plugins);

/* ---- notifiers ----------------------------------------------------------- */

/*
 * The chain's head is the loader's own.  A member with the highest priority,
 * registered before any other, sees all the others behind it.
 */
static int first_called(struct notifier_block *nb, unsigned long state, void *mod)
{
	return NOTIFY_DONE;
}

static struct notifier_block first = { .notifier_call = first_called, .priority = INT_MAX };

static int __init register_first(void)
{
	return register_module_notifier(&first);
}
early_initcall(register_first);

/* Return: 0, or the error of a notifier, in which case *last is the one. */
static int notify(struct module *mod, unsigned long state, struct notifier_block **last)
{
	struct notifier_block *nb, *next;
	int ret;

	for (nb = first.next; nb; nb = next) {
		next = nb->next;
		ret = nb->notifier_call(nb, state, mod);
		if (ret & NOTIFY_STOP_MASK) {
			*last = nb;
			return notifier_to_errno(ret);
		}
	}
	return 0;
}

static void notify_void(struct module *mod, unsigned long state)
{
	struct notifier_block *last;

	notify(mod, state, &last);
}

/* Those that were told of the coming are told of the going if one objects. */
static int notify_coming(struct module *mod)
{
	struct notifier_block *last, *nb;
	int err = notify(mod, MODULE_STATE_COMING, &last);

	if (err)
		for (nb = first.next; nb && nb != last; nb = nb->next)
			nb->notifier_call(nb, MODULE_STATE_GOING, mod);
	return err;
}

/* ---- module information -------------------------------------------------- */

static const struct dde_section *find_section(const struct dde_plugin *p, const char *name)
{
	const struct dde_section *s;

	for (s = p->sections; s && s->name; s++)
		if (!strcmp(s->name, name) && s->start != s->end)
			return s;
	return NULL;
}

/* Return: the value of "tag=value" in .modinfo, or NULL. */
static const char *modinfo(const struct dde_plugin *p, const char *tag)
{
	const struct dde_section *s = find_section(p, ".modinfo");
	size_t len = strlen(tag);
	const char *pair;

	if (!s)
		return NULL;
	for (pair = s->start; pair < (const char *)s->end; pair += strlen(pair) + 1)
		if (!strncmp(pair, tag, len) && pair[len] == '=')
			return pair + len + 1;
	return NULL;
}

static int set_attributes(struct module *mod, const struct dde_plugin *p)
{
	size_t i;

	for (i = 0; i < modinfo_attrs_count; i++) {
		struct module_attribute *attr = modinfo_attrs[i];

		if (attr && attr->setup)
			attr->setup(mod, modinfo(p, attr->attr.name));
	}
	return 0;
}

static void free_attributes(struct module *mod)
{
	size_t i;

	for (i = 0; i < modinfo_attrs_count; i++)
		if (modinfo_attrs[i] && modinfo_attrs[i]->free)
			modinfo_attrs[i]->free(mod);
}

/* ---- symbols ------------------------------------------------------------- */

#ifdef CONFIG_KALLSYMS
/* For plugins that bring no symbol table: one symbol, which never matches. */
static Elf_Sym no_symbol;
static char no_name[1], no_type[1];

static int set_symbols(struct module *mod, const struct dde_plugin *p)
{
	const struct dde_section *symtab = find_section(p, ".symtab");
	const struct dde_section *strtab = find_section(p, ".strtab");
	struct mod_kallsyms *ks = &mod->core_kallsyms;
	size_t i;

	*ks = (struct mod_kallsyms) {
		.symtab = &no_symbol, .num_symtab = 1, .strtab = no_name, .typetab = no_type,
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

static void free_symbols(struct module *mod)
{
	if (mod->core_kallsyms.symtab != &no_symbol)
		kvfree(mod->core_kallsyms.symtab);
}
#else
static int set_symbols(struct module *mod, const struct dde_plugin *p)
{
	return 0;
}

static void free_symbols(struct module *mod)
{
}
#endif

/* Any thread, also after a crash. Return: length, 0 if no plugin has the address. */
int dde_plugin_symbol(unsigned long addr, char *buf, unsigned int size)
{
	struct plugin *p;
	int len = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(p, &plugins, list) {
		if (addr - p->base >= p->size)
			continue;
#ifdef CONFIG_KALLSYMS
		if (p->mod->core_kallsyms.symtab != &no_symbol)
			break;	/* kallsyms knows better */
#endif
		len = scnprintf(buf, size, "[%s]+0x%lx", p->mod->name, addr - p->base);
		break;
	}
	rcu_read_unlock();
	return len;
}

/* ---- per-CPU variables --------------------------------------------------- */

#ifdef CONFIG_SMP
/* CPU 0 uses the variables themselves, the others copies in the room behind. */
static void set_percpu(struct module *mod, const struct dde_plugin *p)
{
	const struct dde_section *s = find_section(p, ".data..percpu");
	unsigned int cpu;

	if (!s)
		return;
	mod->percpu = (void __percpu *)s->start;
	mod->percpu_size = s->end - s->start;
	for_each_possible_cpu(cpu)
		if (cpu)
			memcpy(s->start + per_cpu_offset(cpu), s->start, mod->percpu_size);
}
#else
static void set_percpu(struct module *mod, const struct dde_plugin *p)
{
}
#endif

/* ---- dependencies -------------------------------------------------------- */

/* @mod uses @other from now on. module_mutex is held. */
static int use_module(struct module *mod, struct module *other)
{
	struct module_use *use;

	if (other->state != MODULE_STATE_LIVE || !try_module_get(other))
		return -EBUSY;
	use = kmalloc(sizeof(*use), GFP_KERNEL);
	if (!use) {
		module_put(other);
		return -ENOMEM;
	}
	use->source = mod;
	use->target = other;
	list_add(&use->source_list, &other->source_list);
	list_add(&use->target_list, &mod->target_list);
	return 0;
}

/* The modules named in "depends=a,b" must be live, and stay. */
static int use_dependencies(struct module *mod, const struct dde_plugin *p)
{
	const char *names = modinfo(p, "depends");
	struct module *other;
	size_t len;
	int err = 0;

	mutex_lock(&module_mutex);
	for (; names && *names && !err; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		other = find_module_all(names, len, false);
		err = other ? use_module(mod, other) : -ENOENT;
		if (err)
			pr_err("%s: needs %.*s, which is not loaded\n", mod->name, (int)len, names);
	}
	mutex_unlock(&module_mutex);
	return err;
}

static void drop_dependencies(struct module *mod)
{
	struct module_use *use, *next;

	mutex_lock(&module_mutex);
	list_for_each_entry_safe(use, next, &mod->target_list, target_list) {
		module_put(use->target);
		list_del(&use->source_list);
		list_del(&use->target_list);
		kfree(use);
	}
	mutex_unlock(&module_mutex);
}

/* ---- the list of modules -------------------------------------------------- */

static void set_memory(struct module *mod, const struct dde_plugin *p)
{
	u64 text_end = p->text_base + p->text_size;
	u64 image_end = p->image_base + p->image_size;

	mod->mem[MOD_RODATA].base = (void *)p->image_base;
	mod->mem[MOD_RODATA].size = p->text_base - p->image_base;
	mod->mem[MOD_TEXT].base = (void *)p->text_base;
	mod->mem[MOD_TEXT].size = p->text_size;
	mod->mem[MOD_DATA].base = (void *)text_end;
	mod->mem[MOD_DATA].size = image_end - text_end;
}

static int make_known(struct module *mod, struct plugin *plugin)
{
	int err = 0;

	mutex_lock(&module_mutex);
	if (find_module_all(mod->name, strlen(mod->name), true)) {
		err = -EEXIST;
	} else {
		mod_tree.addr_min = min(mod_tree.addr_min, plugin->base);
		mod_tree.addr_max = max(mod_tree.addr_max, plugin->base + plugin->size);
		mod_tree_insert(mod);
		list_add_rcu(&mod->list, &modules);
		list_add_rcu(&plugin->list, &plugins);
	}
	mutex_unlock(&module_mutex);
	return err;
}

static void make_unknown(struct module *mod, struct plugin *plugin)
{
	mutex_lock(&module_mutex);
	mod->state = MODULE_STATE_UNFORMED;
	list_del_rcu(&plugin->list);
	list_del_rcu(&mod->list);
	mod_tree_remove(mod);
	mutex_unlock(&module_mutex);
	synchronize_rcu();
}

static struct plugin *find_plugin(const struct module *mod)
{
	struct plugin *p;

	list_for_each_entry(p, &plugins, list)
		if (p->mod == mod)
			return p;
	return NULL;
}

/* ---- loading -------------------------------------------------------------- */

/* As in the loader: what is not a parameter may be an option for any module. */
static int unknown_parameter(char *param, char *value, const char *name, void *mod)
{
	if (!strcmp(param, "async_probe")) {
		bool wanted;

		if (kstrtobool(value ?: "1", &wanted))
			wanted = true;
		((struct module *)mod)->async_probe_requested = wanted;
		return 0;
	}
	if (!ddebug_dyndbg_module_param_cb(param, value, name))
		return 0;
	return -ENOENT;
}

static int set_parameters(struct module *mod)
{
	char *rest = parse_args(mod->name, mod->args, mod->kp, mod->num_kp, -32768, 32767, mod,
				unknown_parameter);

	if (IS_ERR(rest))
		return PTR_ERR(rest);
	if (rest)
		pr_warn("%s: parameters '%s' after '--' ignored\n", mod->name, rest);
	return 0;
}

static int init_fields(struct module *mod, const struct dde_plugin *p)
{
	atomic_set(&mod->refcnt, REF_BASE + 1);	/* one more while it initialises */
	INIT_LIST_HEAD(&mod->source_list);
	INIT_LIST_HEAD(&mod->target_list);
	INIT_LIST_HEAD(&mod->list);
	init_param_lock(mod);
	mod->state = MODULE_STATE_UNFORMED;
	set_memory(mod, p);
	set_percpu(mod, p);
	mod->args = kstrdup(p->args ?: "", GFP_KERNEL);
	if (!mod->args)
		return -ENOMEM;
	return dde_plugin_set_sections(mod, p->sections);
}

/* Undoes set_up() in any state; the module is not known. */
static void tear_down(struct module *mod, struct plugin *plugin)
{
	free_attributes(mod);
	free_symbols(mod);
	kfree(mod->args);
	mod->args = NULL;
	kfree(plugin);
}

/* Return: the plugin's record; the module has all that does not need others. */
static struct plugin *set_up(struct module *mod, const struct dde_plugin *p)
{
	struct plugin *plugin = kzalloc(sizeof(*plugin), GFP_KERNEL);
	int err;

	if (!plugin)
		return ERR_PTR(-ENOMEM);
	plugin->mod = mod;
	plugin->base = p->image_base;
	plugin->size = p->image_size;
	err = init_fields(mod, p);
	if (!err)
		err = set_symbols(mod, p);
	if (!err)
		err = set_attributes(mod, p);
	if (err) {
		tear_down(mod, plugin);
		return ERR_PTR(err);
	}
	return plugin;
}

static int sysfs_set_up(struct module *mod)
{
	Elf_Ehdr no_sections = { 0 };
	struct load_info info = { .hdr = &no_sections };

	return mod_sysfs_setup(mod, &info, mod->kp, mod->num_kp);
}

static int run_init(struct module *mod)
{
	int ret = mod->init ? do_one_initcall(mod->init) : 0;

	if (ret > 0)
		pr_warn("%s: init returned %d, which is neither 0 nor an error\n", mod->name, ret);
	return min(ret, 0);
}

static void go_live(struct module *mod)
{
	mod->state = MODULE_STATE_LIVE;
	notify_void(mod, MODULE_STATE_LIVE);
	kobject_uevent(&mod->mkobj.kobj, KOBJ_ADD);
	/* Whoever asked for the load wants to know what came of it. */
	wait_for_device_probe();
	async_synchronize_full();
	module_put(mod);
}

s64 dde_plugin_load(void *arg)
{
	const struct dde_plugin *p = arg;
	struct module *mod = p->module;
	struct plugin *plugin;
	int err;

	if (mod->state == MODULE_STATE_UNFORMED) {
		pr_err("%s: this image was loaded before, its data is not as at the start\n",
		       mod->name);
		return -EINVAL;
	}
	plugin = set_up(mod, p);
	if (IS_ERR(plugin))
		return PTR_ERR(plugin);
	err = make_known(mod, plugin);
	if (err)
		goto fail_known;
	err = use_dependencies(mod, p);
	if (err)
		goto fail_dependencies;
	mod->state = MODULE_STATE_COMING;
	err = notify_coming(mod);
	if (err)
		goto fail_coming;
	err = set_parameters(mod);
	if (err)
		goto fail_parameters;
	err = sysfs_set_up(mod);
	if (err)
		goto fail_parameters;
	err = run_init(mod);
	if (err)
		goto fail_init;
	go_live(mod);
	return 0;

fail_init:
	mod->state = MODULE_STATE_GOING;
	mod_sysfs_teardown(mod);
fail_parameters:
	mod->state = MODULE_STATE_GOING;
	module_destroy_params(mod->kp, mod->num_kp);
	notify_void(mod, MODULE_STATE_GOING);
	async_synchronize_full();
fail_coming:
	synchronize_rcu();
fail_dependencies:
	drop_dependencies(mod);
	make_unknown(mod, plugin);
fail_known:
	tear_down(mod, plugin);
	return err;
}

/* Return: 0, then nobody can begin to use the module any more. */
static int stop_use(struct module *mod)
{
	int err = 0;

	mutex_lock(&module_mutex);
	if (mod->state != MODULE_STATE_LIVE || !list_empty(&mod->source_list) ||
	    (mod->init && !mod->exit) || atomic_cmpxchg(&mod->refcnt, REF_BASE, 0) != REF_BASE)
		err = -EBUSY;
	else
		mod->state = MODULE_STATE_GOING;
	mutex_unlock(&module_mutex);
	return err;
}

s64 dde_plugin_unload(void *arg)
{
	struct module *mod = ((const struct dde_plugin *)arg)->module;
	struct plugin *plugin = find_plugin(mod);
	int err;

	if (!plugin)
		return -ENOENT;
	err = stop_use(mod);
	if (err)
		return err;
	if (mod->exit)
		mod->exit();
	notify_void(mod, MODULE_STATE_GOING);
	async_synchronize_full();
	mod_sysfs_teardown(mod);
	module_destroy_params(mod->kp, mod->num_kp);
	drop_dependencies(mod);
	make_unknown(mod, plugin);
	tear_down(mod, plugin);
	return 0;
}
