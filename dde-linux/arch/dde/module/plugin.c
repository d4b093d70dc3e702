// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plugins: modules that the dynamic linker has already mapped.  The rest of the work
 * of the kernel's loader (kernel/module/main.c) is done here, in the same order: the
 * module is set up, added to the list, initialised, and goes live.
 *
 * This runs in the control thread, or in the process that stands in for modprobe
 * (modprobe.c); a module's init may wait until another module is loaded.
 */
#include <linux/async.h>
#include <linux/bug.h>
#include <linux/device/driver.h>
#include <linux/dynamic_debug.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include "module/internal.h"
#include "compat.h"
#include "module.h"
#include "plugin.h"

/* MODULE_REF_BASE of kernel/module/main.c: the count of a module that nobody uses. */
#define REF_BASE 1

/* One loaded plugin. Readers of the list hold the RCU read lock. */
struct plugin {
	struct list_head list;
	struct module *mod;
	unsigned long base;
	unsigned long size;
	const struct dde_section *sections;
	char *args; /* the module may keep pointers into it */
};

/* Changed under module_mutex. Plugins are added before they are set up. */
static LIST_HEAD(plugins);

/* Woken whenever a load has succeeded or failed. */
static DECLARE_WAIT_QUEUE_HEAD(loads);

/* How long to wait for another load, which in turn may wait for us.  The control
 * thread may wait here: less than the heartbeat allows. */
#define LOAD_WAIT (2 * HZ)

/* module_mutex held */
static struct plugin *find_plugin(const struct module *mod)
{
	struct plugin *p;

	list_for_each_entry(p, &plugins, list)
		if (p->mod == mod)
			return p;
	return NULL;
}

/* ---- addresses ----------------------------------------------------------- */

/* Any thread, also after a crash. Return: length, 0 if no plugin has the address. */
int dde_plugin_symbol(unsigned long addr, char *buf, unsigned int size)
{
	struct plugin *p;
	int len = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(p, &plugins, list) {
		if (addr - p->base >= p->size)
			continue;
		if (dde_plugin_has_symbols(p->mod))
			break; /* kallsyms has a better name */
		len = scnprintf(buf, size, "[%s]+0x%lx", p->mod->name, addr - p->base);
		break;
	}
	rcu_read_unlock();
	return len;
}

/*
 * Called after a crash, when no lock can be trusted.  addr2line and gdb expect an address
 * as an offset into the image.
 */
void dde_plugins_show_images(void)
{
	struct plugin *p;

	list_for_each_entry_rcu(p, &plugins, list, true)
		printk(KERN_DEFAULT "image %s: [%lx, %lx)\n", p->mod->name, p->base,
		       p->base + p->size);
}

/* ---- per-CPU variables --------------------------------------------------- */

#ifdef CONFIG_SMP
/* CPU 0 uses the variables themselves, the others copies in the space behind them. */
static void set_percpu(struct module *mod, const struct dde_plugin *p)
{
	const struct dde_section *s = dde_plugin_section(p, ".data..percpu");
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

/* @mod uses @other from now on. module_mutex held. */
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

/* Return: whether no load of that module is in progress: it is live or does not exist. */
static bool is_settled(const char *name, size_t len)
{
	struct module *mod;
	bool settled;

	mutex_lock(&module_mutex);
	mod = find_module_all(name, len, true);
	settled = !mod || mod->state == MODULE_STATE_LIVE;
	mutex_unlock(&module_mutex);
	return settled;
}

static int use_one(struct module *mod, const char *name, size_t len)
{
	struct module *other;
	int err;

	wait_event_timeout(loads, is_settled(name, len), LOAD_WAIT);
	mutex_lock(&module_mutex);
	other = find_module_all(name, len, false);
	err = other ? use_module(mod, other) : -ENOENT;
	mutex_unlock(&module_mutex);
	if (err == -EBUSY)
		pr_err("%s: needs %.*s, which is still initialising\n", mod->name, (int)len, name);
	else if (err)
		pr_err("%s: needs %.*s, which is not loaded\n", mod->name, (int)len, name);
	return err;
}

/* The modules named in "depends=a,b" must be live, and are now in use. A file may be
 * called a-b; the module in it is a_b. */
static int use_dependencies(struct module *mod, const struct dde_plugin *p)
{
	char *names = kstrdup(dde_plugin_modinfo(p, "depends") ?: "", GFP_KERNEL);
	char *rest = names, *name;
	int err = 0;

	if (!names)
		return -ENOMEM;
	strreplace(names, '-', '_');
	while (!err && (name = strsep(&rest, ",")))
		if (*name)
			err = use_one(mod, name, strlen(name));
	kfree(names);
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

static int list_module(struct module *mod, struct plugin *plugin)
{
	int err = 0;

	mutex_lock(&module_mutex);
	if (find_module_all(mod->name, strlen(mod->name), true)) {
		err = -EEXIST;
	} else {
		mod_tree.addr_min = min(mod_tree.addr_min, plugin->base);
		mod_tree.addr_max = max(mod_tree.addr_max, plugin->base + plugin->size);
		mod_tree_insert(mod);
		dde_plugin_set_bugs(mod, plugin->sections);
		list_add_rcu(&mod->list, &modules);
	}
	mutex_unlock(&module_mutex);
	return err;
}

static void unlist_module(struct module *mod)
{
	mutex_lock(&module_mutex);
	mod->state = MODULE_STATE_UNFORMED;
	list_del_rcu(&mod->list);
	module_bug_cleanup(mod);
	mod_tree_remove(mod);
	mutex_unlock(&module_mutex);
	synchronize_rcu();
}

/* ---- loading -------------------------------------------------------------- */

/* As in the loader: it may be an option that any module has. */
static int unknown_parameter(char *param, char *value, const char *name, void *mod)
{
	if (!strcmp(param, "async_probe")) {
		bool wanted;

		if (kstrtobool(value ?: "1", &wanted))
			wanted = true;
		((struct module *)mod)->async_probe_requested = wanted;
		return 0;
	}
	if (ddebug_dyndbg_module_param_cb(param, value, name))
		pr_warn("%s: unknown parameter '%s' ignored\n", name, param);
	return 0;
}

static int set_parameters(struct module *mod, char *args)
{
	char *rest = parse_args(mod->name, args, mod->kp, mod->num_kp, -32768, 32767, mod,
				unknown_parameter);

	if (IS_ERR(rest))
		return PTR_ERR(rest);
	if (rest)
		pr_warn("%s: parameters '%s' after '--' ignored\n", mod->name, rest);
	return 0;
}

static int init_fields(struct module *mod, const struct dde_plugin *p)
{
	atomic_set(&mod->refcnt, REF_BASE + 1); /* one more while it initialises */
	INIT_LIST_HEAD(&mod->source_list);
	INIT_LIST_HEAD(&mod->target_list);
	INIT_LIST_HEAD(&mod->list);
	init_param_lock(mod);
	mod->state = MODULE_STATE_UNFORMED;
	/* Initialisation code and data are never freed, and __ro_after_init data stays writable:
	 * they have no regions. */
	dde_module_set_memory(mod, p);
	set_percpu(mod, p);
	return dde_plugin_set_sections(mod, p->sections);
}

/* Undoes set_up(), complete or not; the module is not in the list. */
static void tear_down(struct module *mod)
{
	dde_plugin_free_attributes(mod);
	dde_plugin_free_symbols(mod);
}

/* The part that needs no other module. Return: 0; -errno: everything was undone. */
static int set_up(struct module *mod, const struct dde_plugin *p)
{
	int err = init_fields(mod, p);

	if (!err)
		err = dde_plugin_set_symbols(mod, p);
	if (err)
		tear_down(mod);
	else
		dde_plugin_set_attributes(mod, p);
	return err;
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
	wake_up_all(&loads);
	dde_plugin_notify(mod, MODULE_STATE_LIVE);
	kobject_uevent(&mod->mkobj.kobj, KOBJ_ADD);
	if (!mod->async_probe_requested)
		async_synchronize_full();
	module_put(mod);
}

/* Makes a reserved plugin live. Return: 0; -errno: it is only reserved, as before. */
static int bring_up(struct module *mod, const struct dde_plugin *p, struct plugin *plugin)
{
	int err = set_up(mod, p);

	if (err)
		return err;
	err = list_module(mod, plugin);
	if (err)
		goto fail_known;
	err = use_dependencies(mod, p);
	if (err)
		goto fail_dependencies;
	mod->state = MODULE_STATE_COMING;
	err = dde_plugin_notify_coming(mod);
	if (err)
		goto fail_coming;
	err = set_parameters(mod, plugin->args);
	if (err)
		goto fail_parameters;
	err = sysfs_set_up(mod);
	if (err)
		goto fail_parameters;
	dde_plugin_construct(mod, p);
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
	dde_plugin_notify(mod, MODULE_STATE_GOING);
	async_synchronize_full();
fail_coming:
	synchronize_rcu();
fail_dependencies:
	drop_dependencies(mod);
	unlist_module(mod);
fail_known:
	tear_down(mod);
	return err;
}

static void free_plugin(struct plugin *plugin)
{
	kfree(plugin->args);
	kfree(plugin);
}

/*
 * Puts the plugin into the list, so that a second load of it waits for this one.
 * Return: 0, -EEXIST (it is in the list), -EINVAL (its image was initialised before),
 * -ENOMEM.
 */
static int reserve(const struct dde_plugin *p, struct plugin **ret)
{
	struct plugin *plugin = kzalloc(sizeof(*plugin), GFP_KERNEL);
	struct module *mod = p->module;
	int err = 0;

	if (!plugin)
		return -ENOMEM;
	plugin->mod = mod;
	plugin->base = p->image_base;
	plugin->size = p->image_size;
	plugin->sections = p->sections;
	plugin->args = kstrdup(p->args ?: "", GFP_KERNEL);
	if (!plugin->args) {
		kfree(plugin);
		return -ENOMEM;
	}
	mutex_lock(&module_mutex);
	if (find_plugin(mod))
		err = -EEXIST;
	else if (mod->state == MODULE_STATE_UNFORMED)
		err = -EINVAL;
	else
		list_add_rcu(&plugin->list, &plugins);
	mutex_unlock(&module_mutex);
	if (err)
		free_plugin(plugin);
	else
		*ret = plugin;
	return err;
}

static void forget(struct plugin *plugin)
{
	mutex_lock(&module_mutex);
	list_del_rcu(&plugin->list);
	mutex_unlock(&module_mutex);
	synchronize_rcu();
	free_plugin(plugin);
	wake_up_all(&loads);
}

/* Return: whether the plugin is neither being loaded nor being unloaded. */
static bool is_at_rest(struct module *mod)
{
	bool rest;

	mutex_lock(&module_mutex);
	rest = !find_plugin(mod) || mod->state == MODULE_STATE_LIVE;
	mutex_unlock(&module_mutex);
	return rest;
}

/* Waits for another load of the same plugin. Return: -EEXIST: it is live now. */
static int wait_for_other(struct module *mod)
{
	int err;

	if (!wait_event_timeout(loads, is_at_rest(mod), LOAD_WAIT)) {
		pr_err("%s: is being loaded already, and may be waiting for this load\n",
		       mod->name);
		return -EBUSY;
	}
	mutex_lock(&module_mutex);
	err = find_plugin(mod) ? -EEXIST : -ENODEV;
	mutex_unlock(&module_mutex);
	return err;
}

int dde_plugin_load_one(const struct dde_plugin *p)
{
	struct module *mod = p->module;
	struct plugin *plugin;
	int err = reserve(p, &plugin);

	if (err == -EEXIST)
		return wait_for_other(mod);
	if (err == -EINVAL)
		pr_err("%s: this image was initialised before; unmap it to load it again\n",
		       mod->name);
	if (err)
		return err;
	err = bring_up(mod, p, plugin);
	if (err)
		forget(plugin);
	return err;
}

s64 dde_plugin_load(void *arg)
{
	int err = dde_plugin_load_one(arg);

	/* The caller wants the result of the probes as well. */
	wait_for_device_probe();
	async_synchronize_full();
	return err == -EEXIST ? 0 : err;
}

/* ---- unloading ------------------------------------------------------------- */

/* Return: 0: the module has no users, and cannot get new ones. */
static int stop_use(struct module *mod, struct plugin **ret)
{
	struct plugin *plugin;
	int err = 0;

	mutex_lock(&module_mutex);
	plugin = find_plugin(mod);
	if (!plugin)
		err = -ENOENT;
	else if (mod->state != MODULE_STATE_LIVE || !list_empty(&mod->source_list) ||
		 (mod->init && !mod->exit) || atomic_cmpxchg(&mod->refcnt, REF_BASE, 0) != REF_BASE)
		err = -EBUSY;
	else
		mod->state = MODULE_STATE_GOING;
	mutex_unlock(&module_mutex);
	*ret = plugin;
	return err;
}

s64 dde_plugin_unload(void *arg)
{
	struct module *mod = ((const struct dde_plugin *)arg)->module;
	struct plugin *plugin;
	int err = stop_use(mod, &plugin);

	if (err)
		return err;
	if (mod->exit)
		mod->exit();
	dde_plugin_notify(mod, MODULE_STATE_GOING);
	async_synchronize_full();
	mod_sysfs_teardown(mod);
	module_destroy_params(mod->kp, mod->num_kp);
	drop_dependencies(mod);
	unlist_module(mod);
	tear_down(mod);
	forget(plugin);
	return 0;
}

/* ---- listing ------------------------------------------------------------------- */

static const char *state_name(const struct module *mod)
{
	switch (mod->state) {
	case MODULE_STATE_LIVE:
		return "live";
	case MODULE_STATE_GOING:
		return "going";
	default:
		return "coming";
	}
}

/* module_mutex held. Appends a module's line. Return: bytes, as scnprintf(). */
static int describe(struct module *mod, u64 size, char *text, int room)
{
	struct module_use *use;
	int n = scnprintf(text, room, "%s\t%llu\t%d\t", mod->name, size, module_refcount(mod));

	list_for_each_entry(use, &mod->source_list, source_list)
		n += scnprintf(text + n, room - n, "%s%s", use->source->name,
			       list_is_last(&use->source_list, &mod->source_list) ? "" : ",");
	return n + scnprintf(text + n, room - n, "\t%s\n", state_name(mod));
}

s64 dde_plugin_modules(void *arg)
{
	struct dde_param *param = arg;
	struct plugin *p;
	int n = 0;

	param->text[0] = 0;
	mutex_lock(&module_mutex);
	list_for_each_entry_reverse(p, &plugins, list)
		n += describe(p->mod, p->size, param->text + n, param->size - n);
	mutex_unlock(&module_mutex);
	return n + 1 >= param->size ? -ENOSPC : 0;
}

void dde_plugin_each_parameter(int (*fn)(const char *module, const char *name, void *arg),
			       void *arg)
{
	struct plugin *p;
	unsigned int i;
	int err = 0;

	mutex_lock(&module_mutex);
	list_for_each_entry_reverse(p, &plugins, list)
		for (i = 0; !err && p->mod->state == MODULE_STATE_LIVE && i < p->mod->num_kp; i++)
			if (p->mod->kp[i].perm)
				err = fn(p->mod->name, p->mod->kp[i].name, arg);
	mutex_unlock(&module_mutex);
}

unsigned int dde_plugin_count(void)
{
	unsigned int n;

	mutex_lock(&module_mutex);
	n = list_count_nodes(&plugins);
	mutex_unlock(&module_mutex);
	return n;
}
