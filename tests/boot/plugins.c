/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dde-boot: plugins by name, from a folder that mkplugin made.  A plugin's catalogue entry,
 * NAME.json, lists its dependencies.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "boot.h"

#define MAX_PLUGINS 512

struct loaded {
	char *name; /* the file's name without .so */
	struct dde_host_plugin *plugin;
};

static const char *folder;
static struct loaded loaded[MAX_PLUGINS];
static unsigned int n_loaded;

void plugins_init(const char *dir)
{
	folder = dir;
}

static struct loaded *find_loaded(const char *name)
{
	unsigned int i;

	for (i = 0; i < n_loaded; i++)
		if (!strcmp(loaded[i].name, name))
			return &loaded[i];
	return NULL;
}

/* Return: what init returned; a plugin whose init failed is closed. */
static int load_one(const char *name, const char *args)
{
	struct dde_host_plugin *plugin = NULL;
	uint64_t start = now_ns();
	char path[4096], *why = NULL;
	int64_t r;

	if (n_loaded == MAX_PLUGINS)
		die(EXIT_START, "%s: more than %d plugins", name, MAX_PLUGINS);
	snprintf(path, sizeof(path), "%s/%s.so", folder, name);
	r = dde_host_plugin_open(path, args, &plugin, &why);
	if (r)
		die(EXIT_START, "load %s: %s", name, why ? why : strerror((int)-r));
	print_line("loading %s", name);
	r = call_runtime(dde_host_up()->plugin->load, &plugin->plugin, name);
	print_line("load %s: %d (%.3f ms)", name, (int)r, (double)(now_ns() - start) / 1e6);
	if (r < 0) {
		dde_host_plugin_close(plugin);
		return (int)r;
	}
	loaded[n_loaded].name = strdup(name);
	if (!loaded[n_loaded].name)
		die(EXIT_START, "out of memory");
	loaded[n_loaded++].plugin = plugin;
	return 0;
}

/* Return: the entry's "modules": all modules to load, in order, its own last. */
static json_object *read_modules(const char *name, json_object **ret_entry)
{
	json_object *modules;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.json", folder, name);
	*ret_entry = json_object_from_file(path);
	if (!*ret_entry)
		die(EXIT_START, "no plugin %s in %s: %s", name, folder, json_util_get_last_err());
	if (!json_object_object_get_ex(*ret_entry, "modules", &modules) ||
	    !json_object_is_type(modules, json_type_array))
		die(EXIT_START, "%s: is not the catalogue entry of a plugin", path);
	return modules;
}

int plugin_load(const char *name, const char *args)
{
	json_object *entry, *modules = read_modules(name, &entry);
	size_t i, n = json_object_array_length(modules);
	char file[256];
	int err = 0;

	if (find_loaded(name))
		die(EXIT_USAGE, "load %s: it is already loaded", name);
	for (i = 0; i < n && !err; i++) {
		snprintf(file, sizeof(file), "%s",
			 json_object_get_string(json_object_array_get_idx(modules, i)));
		if (strlen(file) > 3)
			file[strlen(file) - 3] = 0; /* .so */
		if (!find_loaded(file))
			err = load_one(file, i + 1 == n ? args : NULL);
	}
	json_object_put(entry);
	return err;
}

static int unload_one(struct loaded *l)
{
	uint64_t start = now_ns();
	int64_t r;

	print_line("unloading %s", l->name);
	r = call_runtime(dde_host_up()->plugin->unload, &l->plugin->plugin, l->name);
	print_line("unload %s: %d (%.3f ms)", l->name, (int)r, (double)(now_ns() - start) / 1e6);
	if (r < 0)
		return (int)r;
	dde_host_plugin_close(l->plugin);
	free(l->name);
	memmove(l, l + 1, (size_t)(&loaded[--n_loaded] - l) * sizeof(*l));
	return 0;
}

int plugin_unload(const char *name)
{
	struct loaded *l = find_loaded(name);

	if (!l)
		die(EXIT_USAGE, "unload %s: it is not loaded", name);
	return unload_one(l);
}

int plugin_unload_all(void)
{
	unsigned int i = n_loaded;
	int err = 0, r;

	while (i--) {
		r = unload_one(&loaded[i]);
		if (r && !err)
			err = r;
	}
	return err;
}
