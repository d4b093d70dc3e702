/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dde-boot: plugins by name, from a folder that mkplugin made. Which others a
 * plugin needs stands in its catalogue entry, NAME.json.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "boot.h"

#define MAX_PLUGINS 512

struct loaded {
	char *name;			/* as the file is called, without .so */
	struct dde_host_plugin *plugin;
};

static const char *folder;
static struct loaded loaded[MAX_PLUGINS];
static unsigned int n_loaded;

void plugins_init(const char *dir)
{
	folder = dir;
}

static struct loaded *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < n_loaded; i++)
		if (!strcmp(loaded[i].name, name))
			return &loaded[i];
	return NULL;
}

/* Return: what init returned; a plugin whose init failed is not kept. */
static int load_one(const char *name, const char *args)
{
	struct dde_host_plugin *plugin = NULL;
	uint64_t start = now_ns();
	char path[4096], *why = NULL;
	int64_t r;

	if (n_loaded == MAX_PLUGINS)
		give_up(EXIT_START, "%s: more than %d plugins", name, MAX_PLUGINS);
	snprintf(path, sizeof(path), "%s/%s.so", folder, name);
	r = dde_host_plugin_open(path, args, &plugin, &why);
	if (r)
		give_up(EXIT_START, "load %s: %s", name, why ? why : strerror((int)-r));
	tell("loading %s", name);
	r = in_runtime(dde_host_up()->plugin->load, &plugin->plugin, name);
	tell("load %s: %d (%.3f ms)", name, (int)r, (double)(now_ns() - start) / 1e6);
	if (r < 0) {
		dde_host_plugin_close(plugin);
		return (int)r;
	}
	loaded[n_loaded].name = strdup(name);
	if (!loaded[n_loaded].name)
		give_up(EXIT_START, "out of memory");
	loaded[n_loaded++].plugin = plugin;
	return 0;
}

/* The catalogue's "modules": what must be loaded, in order, its own last. */
static json_object *read_modules(const char *name, json_object **ret_entry)
{
	json_object *modules;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.json", folder, name);
	*ret_entry = json_object_from_file(path);
	if (!*ret_entry)
		give_up(EXIT_START, "no plugin %s in %s: %s", name, folder,
			json_util_get_last_err());
	if (!json_object_object_get_ex(*ret_entry, "modules", &modules) ||
	    !json_object_is_type(modules, json_type_array))
		give_up(EXIT_START, "%s: is no catalogue entry of a plugin", path);
	return modules;
}

int plugin_load(const char *name, const char *args)
{
	json_object *entry, *modules = read_modules(name, &entry);
	size_t i, n = json_object_array_length(modules);
	char file[256];
	int err = 0;

	if (find(name))
		give_up(EXIT_USAGE, "load %s: is loaded already", name);
	for (i = 0; i < n && !err; i++) {
		snprintf(file, sizeof(file), "%s",
			 json_object_get_string(json_object_array_get_idx(modules, i)));
		if (strlen(file) > 3)
			file[strlen(file) - 3] = 0;	/* .so */
		if (!find(file))
			err = load_one(file, i + 1 == n ? args : NULL);
	}
	json_object_put(entry);
	return err;
}

static int unload(struct loaded *l)
{
	uint64_t start = now_ns();
	int64_t r;

	tell("unloading %s", l->name);
	r = in_runtime(dde_host_up()->plugin->unload, &l->plugin->plugin, l->name);
	tell("unload %s: %d (%.3f ms)", l->name, (int)r, (double)(now_ns() - start) / 1e6);
	if (r < 0)
		return (int)r;
	dde_host_plugin_close(l->plugin);
	free(l->name);
	memmove(l, l + 1, (size_t)(&loaded[--n_loaded] - l) * sizeof(*l));
	return 0;
}

int plugin_unload(const char *name)
{
	struct loaded *l = find(name);

	if (!l)
		give_up(EXIT_USAGE, "unload %s: is not loaded", name);
	return unload(l);
}

int plugin_unload_all(void)
{
	unsigned int i = n_loaded;
	int err = 0, r;

	while (i--) {
		r = unload(&loaded[i]);
		if (r && !err)
			err = r;
	}
	return err;
}
