/* SPDX-License-Identifier: GPL-2.0-only */
/* Which plugin drives a device, with which arguments; see plugin.h. */
#include <errno.h>
#include <fcntl.h>

#include "drivers/bridges/class.h"
#include "config/kernels.h"
#include "lib/log.h"
#include "plugin.h"

void plugin_finish(struct device_plugin *plugin)
{
	free(plugin->name);
	free(plugin->class);
	free(plugin->bridge);
	free(plugin->bus);
	strv_finish(&plugin->path);
	strv_finish(&plugin->args);
	strv_finish(&plugin->unknown);
	memset(plugin, 0, sizeof(*plugin));
}

/* "pci:v00008086d000010D3…" → "8086:10d3" */
static char *short_id(const char *modalias)
{
	unsigned int vendor, device;

	if (sscanf(modalias, "pci:v%8xd%8x", &vendor, &device) != 2)
		return strdup(modalias);
	return str_format("%04x:%04x", vendor, device);
}

/* The request: which device, which catalogue. */
struct wanted {
	const struct device_config *config;
	const char *modalias;
	const struct catalog *catalog;
};

static int no_driver(const struct wanted *w, char **ret_why)
{
	_cleanup_free_ char *names = catalog_driver_names(w->catalog);
	_cleanup_free_ char *id = short_id(w->modalias);

	if (!w->modalias[0])
		*ret_why = str_format("driver=auto: the device's PCI ids are not known; set "
				      "driver= to one of: %s",
				      names);
	else
		*ret_why = str_format("driver=auto: no plugin in %s drives the device %s; "
				      "plugins there: %s",
				      w->catalog->dir, id, names);
	return -ENODEV;
}

static int wrong_driver(const struct wanted *w, const struct plugin *plugin, char **ret_why)
{
	const struct plugin *right = catalog_match(w->catalog, w->modalias);
	_cleanup_free_ char *id = short_id(w->modalias);

	*ret_why = str_format("driver %s does not support the device %s%s%s", plugin->name, id,
			      right ? "; one that does: " : ", nor does any other plugin",
			      right ? right->name : "");
	return -ENODEV;
}

static int find_driver(const struct wanted *w, const struct plugin **ret, char **ret_why)
{
	const char *name = w->config->driver;
	_cleanup_free_ char *names = NULL;
	const struct plugin *p;

	if (!strcmp(name, "auto")) {
		*ret = w->modalias[0] ? catalog_match(w->catalog, w->modalias) : NULL;
		return *ret ? 0 : no_driver(w, ret_why);
	}
	p = catalog_find(w->catalog, name);
	if (!p || strcmp(p->kind, "driver")) {
		names = catalog_driver_names(w->catalog);
		*ret_why =
			str_format("unknown driver %s: there is no %s/%s.json; plugins there: %s",
				   name, w->catalog->dir, name, names);
		return -ENOENT;
	}
	if (w->modalias[0] && p->aliases.n && !plugin_matches(p, w->modalias))
		return wrong_driver(w, p, ret_why);
	*ret = p;
	return 0;
}

/* A module's name and that of its file may differ in it. */
static bool is_dash(char c)
{
	return c == '-' || c == '_';
}

/* Index of the module's file in the load order, -1: not found. */
static ssize_t module_index(const struct device_plugin *plugin, const char *module, size_t len)
{
	const char *base;
	size_t i, j;

	for (i = 0; i < plugin->path.n; i++) {
		base = strrchr(plugin->path.item[i], '/') + 1;
		for (j = 0; j < len; j++)
			if (base[j] != module[j] && !(is_dash(base[j]) && is_dash(module[j])))
				break;
		if (j == len && !strcmp(base + len, ".so"))
			return i;
	}
	return -1;
}

/* @role: of each. */
static int add_modules(struct device_plugin *dst, const struct catalog *catalog,
		       const struct plugin *src, uint32_t role, char **ret_why)
{
	size_t i, j;
	int r = 0;

	for (i = 0; i < src->modules.n && !r; i++) {
		_cleanup_free_ char *path = str_format("%s/%s", catalog->dir, src->modules.item[i]);

		if (!path)
			return -ENOMEM;
		for (j = 0; j < dst->path.n && strcmp(dst->path.item[j], path); j++)
			;
		if (j < PROTO_MAX_PLUGINS) /* fill_plugins() refuses more (host.c) */
			dst->role[j] |= role;
		if (j < dst->path.n)
			continue;
		if (access(path, R_OK) < 0) {
			r = -errno;
			*ret_why = str_format("plugin %s: cannot read %s: %s; build the plugins "
					      "again",
					      src->name, path, strerror(-r));
			return r;
		}
		r = strv_add(&dst->path, path);
		if (!r)
			r = strv_add(&dst->args, "");
	}
	return r;
}

/* @role: of the module that is named like the plugin, or else of its last. */
static void mark_module(struct device_plugin *dst, const struct plugin *src, uint32_t role)
{
	const char *last = src->modules.item[src->modules.n - 1];
	ssize_t i = module_index(dst, src->name, strlen(src->name));

	if (i < 0)
		i = module_index(dst, last, strcspn(last, "."));
	if (i >= 0 && i < PROTO_MAX_PLUGINS)
		dst->role[i] |= role;
}

/* The module that has a parameter, according to the catalogue; NULL: none. */
static const char *parameter_module(const struct plugin *p, const char *name, size_t len)
{
	struct json_object *list, *one, *value;
	const char *text;
	size_t i;

	if (!json_object_object_get_ex(p->json, "parameters", &list) ||
	    !json_object_is_type(list, json_type_array))
		return NULL;
	for (i = 0; i < json_object_array_length(list); i++) {
		one = json_object_array_get_idx(list, i);
		if (!json_object_object_get_ex(one, "name", &value))
			continue;
		text = json_object_get_string(value);
		if (!text || strncmp(text, name, len) || text[len])
			continue;
		return json_object_object_get_ex(one, "module", &value)
			       ? json_object_get_string(value)
			       : p->name;
	}
	return NULL;
}

/* Index of the driver's module, see mark_module(); -1: none. */
static ssize_t driver_index(const struct device_plugin *plugin)
{
	size_t i;

	for (i = 0; i < plugin->path.n && i < PROTO_MAX_PLUGINS; i++)
		if (plugin->role[i] & PLUGIN_DRIVER)
			return i;
	return -1;
}

/* The kernel's parser expects name="a value". NULL: no memory. */
static char *join_argument(const char *args, const char *option)
{
	const char *space = *args ? " " : "", *value = strchr(option, '=');

	if (!value || !strpbrk(value, " \t"))
		return str_format("%s%s%s", args, space, option);
	return str_format("%s%s%.*s=\"%s\"", args, space, (int)(value - option), option, value + 1);
}

/* What the kernel's loader itself knows, for any module. */
static bool is_loaders(const char *name, size_t len)
{
	return (len == 11 && !strncmp(name, "async_probe", len)) ||
	       (len == 6 && !strncmp(name, "dyndbg", len));
}

/* "name=value" or "module.name=value" to the arguments of its module.  What no module is
 * known to have goes to the driver's own, as modprobe would do; the kernel ignores it. */
static int add_option(struct device_plugin *dst, const struct plugin *p, const char *option,
		      char **ret_why)
{
	size_t len = strcspn(option, "="), dot = strcspn(option, ".");
	const char *module, *rest = option;
	_cleanup_free_ char *args = NULL;
	bool known = true;
	ssize_t i;

	if (dot < len) {
		module = option;
		rest = option + dot + 1;
	} else {
		module = parameter_module(p, option, len);
		known = module || is_loaders(option, len);
		dot = module ? strlen(module) : 0;
	}
	i = module ? module_index(dst, module, dot) : driver_index(dst);
	if (i < 0) {
		*ret_why = str_format("options=%s: driver %s has no such module; see ddectl "
				      "drivers %s",
				      option, p->name, p->name);
		return -EINVAL;
	}
	if (!known && strv_add(&dst->unknown, option) < 0)
		return -ENOMEM;
	args = join_argument(dst->args.item[i], rest);
	return args ? str_set(&dst->args.item[i], args) : -ENOMEM;
}

static int add_options(const struct strv *options, struct device_plugin *dst,
		       const struct plugin *p, char **ret_why)
{
	size_t i;
	int r = 0;

	for (i = 0; i < options->n && !r; i++)
		r = add_option(dst, p, options->item[i], ret_why);
	return r;
}

static int add_bridge(struct device_plugin *dst, const struct catalog *catalog, char **ret_why)
{
	const struct plugin *bridge;
	int r;

	if (!class_protocol_find(dst->class, strlen(dst->class) + 1))
		return 0;
	bridge = catalog_bridge(catalog, dst->class);
	if (!bridge) {
		*ret_why = str_format("no bridge for class %s in %s; build the plugins again",
				      dst->class, catalog->dir);
		return -ENOENT;
	}
	dst->bridge = strdup(dst->class);
	if (!dst->bridge)
		return -ENOMEM;
	r = add_modules(dst, catalog, bridge, PLUGIN_STAYS, ret_why);
	if (!r)
		mark_module(dst, bridge, PLUGIN_BRIDGE);
	return r;
}

static int choice_fill(const struct wanted *w, struct device_plugin *dst, char **ret_why)
{
	const struct plugin *p;
	int r = find_driver(w, &p, ret_why);

	if (!r)
		r = str_set(&dst->name, p->name);
	if (!r)
		r = str_set(&dst->class, p->class);
	if (!r)
		r = str_set(&dst->bus, p->bus);
	if (!r)
		r = add_modules(dst, w->catalog, p, 0, ret_why);
	if (!r)
		mark_module(dst, p, PLUGIN_DRIVER);
	if (!r)
		r = add_options(&w->config->options, dst, p, ret_why);
	return r ? r : add_bridge(dst, w->catalog, ret_why);
}

/* Return: to be freed; NULL: no memory. */
static char *no_catalog(const struct device_config *config, const char *dir, int r)
{
	const char *flavour = config_flavour(config);

	if (!strcmp(flavour, "up"))
		return str_format("no plugins: %s: %s; build them or set plugin-dir=", dir,
				  strerror(-r));
	return str_format("cpus=%u%s needs plugins of the flavour %s: %s: %s; build them (meson "
			  "options smp, debug-runtime), or set cpus=1 and debug=no",
			  config->cpus, config->debug ? " debug=yes" : "", flavour, dir,
			  strerror(-r));
}

char *plugin_note(const struct device_plugin *plugin)
{
	_cleanup_free_ char *list = NULL;
	size_t i;

	for (i = 0; i < plugin->unknown.n; i++) {
		char *longer = str_format("%s%s%s", list ? list : "", list ? " " : "",
					  plugin->unknown.item[i]);

		free(list);
		list = longer;
		if (!list)
			return NULL;
	}
	return list ? str_format("unknown parameters, which the kernel ignores: %s; see ddectl "
				 "drivers %s",
				 list, plugin->name)
		    : strdup("");
}

/* The folder of its kernel's and its flavour's plugins. Return: 0; -ENOMEM; -ENOENT with
 * *ret_why: there is no such kernel. */
static int find_plugins(const struct device_config *config, const struct global_config *global,
			char **ret, char **ret_why)
{
	_cleanup_free_ char *runtime = kernel_runtime(global, config->kernel);
	_cleanup_free_ char *plugins = kernel_plugin_dir(global, config->kernel);

	if (!runtime || !plugins)
		return -ENOMEM;
	if (config->kernel && access(runtime, R_OK) < 0) {
		*ret_why = kernel_missing(global, config->kernel);
		return *ret_why ? -ENOENT : -ENOMEM;
	}
	*ret = catalog_folder(plugins, config_flavour(config));
	return *ret ? 0 : -ENOMEM;
}

int plugin_choose(const struct device_config *config, const char *modalias,
		  const struct global_config *global, struct device_plugin *ret, char **ret_why)
{
	_cleanup_free_ char *dir = NULL;
	struct log_about about = { .bdf = config->bdf_text, .driver = config->driver };
	struct device_plugin plugin = { 0 };
	struct catalog catalog = { 0 };
	size_t i;
	int r = find_plugins(config, global, &dir, ret_why);

	if (r < 0)
		return r;
	r = catalog_read(dir, &catalog);
	if (r < 0 && r != -ENOMEM)
		*ret_why = no_catalog(config, dir, r);
	for (i = 0; i < catalog.errors.n; i++)
		log_line(&about, LOG_WARNING, "%s", catalog.errors.item[i]);
	if (!r)
		r = choice_fill(&(struct wanted){ config, modalias, &catalog }, &plugin, ret_why);
	catalog_finish(&catalog);
	if (r < 0)
		plugin_finish(&plugin);
	else
		*ret = plugin;
	return r;
}
