/* SPDX-License-Identifier: GPL-2.0-only */
/* The plugin catalogue; see catalog.h. */
#include <errno.h>
#include <fnmatch.h>

#include "catalog.h"
#include "lib/folder.h"

#define CATALOG_SCHEMA 1

static void plugin_destroy(struct plugin *p)
{
	if (!p)
		return;
	free(p->name);
	free(p->kind);
	free(p->class);
	free(p->bus);
	strv_finish(&p->modules);
	strv_finish(&p->aliases);
	json_object_put(p->json);
	free(p);
}

/* Adds "path: text" to the errors. Return: 0, -ENOMEM. */
static int leave_out(struct catalog *catalog, const char *path, const char *text)
{
	_cleanup_free_ char *line = str_format("%s: %s", path, text);

	return line ? strv_add(&catalog->errors, line) : -ENOMEM;
}

static int read_string(struct json_object *json, const char *key, char **ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(json, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return -EINVAL;
	return str_set(ret, json_object_get_string(value));
}

/* A plugin of an earlier mkplugin has none. It becomes a part of file names. */
static int read_bus(struct json_object *json, char **ret)
{
	struct json_object *value;
	const char *text = "";

	if (json_object_object_get_ex(json, "bus", &value))
		text = json_object_get_string(value);
	if (!text || text[strspn(text, "abcdefghijklmnopqrstuvwxyz")] || strlen(text) > 15)
		return -EINVAL;
	return str_set(ret, text);
}

static int read_strings(struct json_object *json, const char *key, struct strv *ret)
{
	struct json_object *list, *value;
	size_t i;
	int r = 0;

	if (!json_object_object_get_ex(json, key, &list) ||
	    !json_object_is_type(list, json_type_array))
		return -EINVAL;
	for (i = 0; i < json_object_array_length(list) && !r; i++) {
		value = json_object_array_get_idx(list, i);
		if (!json_object_is_type(value, json_type_string))
			return -EINVAL;
		r = strv_add(ret, json_object_get_string(value));
	}
	return r;
}

/* Modules are file names in the folder, nothing else. */
static bool modules_are_plain(const struct strv *modules)
{
	size_t i;

	for (i = 0; i < modules->n; i++)
		if (strchr(modules->item[i], '/') || modules->item[i][0] == '.')
			return false;
	return modules->n > 0;
}

static int plugin_read_json(struct plugin *p)
{
	int r = read_string(p->json, "name", &p->name);

	if (!r)
		r = read_string(p->json, "kind", &p->kind);
	if (!r)
		r = read_string(p->json, "class", &p->class);
	if (!r)
		r = read_bus(p->json, &p->bus);
	if (!r)
		r = read_strings(p->json, "modules", &p->modules);
	if (!r)
		r = read_strings(p->json, "aliases", &p->aliases);
	if (!r && !modules_are_plain(&p->modules))
		r = -EINVAL;
	return r;
}

static bool schema_known(struct json_object *json)
{
	struct json_object *schema;

	return json_object_is_type(json, json_type_object) &&
	       json_object_object_get_ex(json, "schema", &schema) &&
	       json_object_get_int(schema) == CATALOG_SCHEMA;
}

static int add_plugin(struct catalog *catalog, struct plugin *p)
{
	struct plugin **grown = realloc(catalog->plugin, (catalog->n + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	catalog->plugin = grown;
	grown[catalog->n++] = p;
	return 0;
}

static int read_one(struct catalog *catalog, const char *file)
{
	_cleanup_free_ char *path = str_format("%s/%s", catalog->dir, file);
	struct plugin *p = calloc(1, sizeof(*p));
	int r = -ENOMEM;

	if (!path || !p)
		goto out;
	p->json = json_object_from_file(path);
	if (!p->json) {
		r = leave_out(catalog, path, "not readable as JSON; build the plugin again");
		goto out;
	}
	if (!schema_known(p->json)) {
		r = leave_out(catalog, path,
			      "not a plugin description of schema 1; build the "
			      "plugin with this version of mkplugin");
		goto out;
	}
	r = plugin_read_json(p);
	if (r == -EINVAL)
		r = leave_out(catalog, path,
			      "name, kind, class, modules or aliases missing or "
			      "wrong; build the plugin again");
	else if (!r)
		r = add_plugin(catalog, p);
	if (!r && catalog->n && catalog->plugin[catalog->n - 1] == p)
		return 0;
out:
	plugin_destroy(p);
	return r;
}

static int by_plugin_name(const void *a, const void *b)
{
	return strcmp((*(struct plugin *const *)a)->name, (*(struct plugin *const *)b)->name);
}

int catalog_read(const char *dir, struct catalog *ret)
{
	struct strv names = { 0 };
	size_t i;
	int r = folder_names(dir, &names);

	if (!r) {
		ret->dir = strdup(dir);
		r = ret->dir ? 0 : -ENOMEM;
	}
	for (i = 0; i < names.n && !r; i++)
		if (has_suffix(names.item[i], ".json"))
			r = read_one(ret, names.item[i]);
	strv_finish(&names);
	if (ret->n)
		qsort(ret->plugin, ret->n, sizeof(*ret->plugin), by_plugin_name);
	return r;
}

/* Besides "up". */
static const char *const flavours[] = { "smp", "up+debug", "smp+debug" };

char *catalog_folder(const char *dir, const char *flavour)
{
	return strcmp(flavour, "up") ? str_format("%s/%s", dir, flavour) : strdup(dir);
}

static int add_flavour(struct plugin *p, const char *flavour)
{
	struct json_object *list;

	if (!json_object_object_get_ex(p->json, "flavours", &list)) {
		list = json_object_new_array();
		if (!list || json_object_object_add(p->json, "flavours", list) < 0)
			return -ENOMEM;
	}
	return json_object_array_add(list, json_object_new_string(flavour)) < 0 ? -ENOMEM : 0;
}

/* Moves plugins that @all lacks into it; adds the flavour to the others. */
static int merge_flavour(struct catalog *all, struct catalog *other, const char *flavour)
{
	size_t i;
	int r = 0;

	for (i = 0; i < other->n && !r; i++) {
		struct plugin *p = catalog_find(all, other->plugin[i]->name);

		if (!p) {
			p = other->plugin[i];
			r = add_plugin(all, p);
			if (!r)
				other->plugin[i] = NULL;
		}
		if (!r)
			r = add_flavour(p, flavour);
	}
	for (i = 0; i < other->errors.n && !r; i++)
		r = strv_add(&all->errors, other->errors.item[i]);
	if (all->n)
		qsort(all->plugin, all->n, sizeof(*all->plugin), by_plugin_name);
	return r;
}

static int read_flavour(const char *dir, struct catalog *all, const char *flavour)
{
	_cleanup_free_ char *folder = catalog_folder(dir, flavour);
	struct catalog other = { 0 };
	int r = folder ? catalog_read(folder, &other) : -ENOMEM;

	if (!r)
		r = merge_flavour(all, &other, flavour);
	catalog_finish(&other);
	return r == -ENOENT ? 0 : r;
}

int catalog_read_all(const char *dir, struct catalog *ret)
{
	int r = catalog_read(dir, ret);
	size_t i;

	for (i = 0; i < ret->n && !r; i++)
		r = add_flavour(ret->plugin[i], "up");
	for (i = 0; i < sizeof(flavours) / sizeof(flavours[0]) && !r; i++)
		r = read_flavour(dir, ret, flavours[i]);
	return r;
}

void catalog_finish(struct catalog *catalog)
{
	size_t i;

	for (i = 0; i < catalog->n; i++)
		plugin_destroy(catalog->plugin[i]);
	free(catalog->plugin);
	free(catalog->dir);
	strv_finish(&catalog->errors);
	memset(catalog, 0, sizeof(*catalog));
}

struct plugin *catalog_find(const struct catalog *catalog, const char *name)
{
	size_t i;

	for (i = 0; i < catalog->n; i++)
		if (!strcmp(catalog->plugin[i]->name, name))
			return catalog->plugin[i];
	return NULL;
}

/* Lower is a closer match: fewer wildcards, then more other characters (an id has more than
 * a class). */
static unsigned int looseness(const char *pattern)
{
	unsigned int stars = 0, others = 0;

	for (; *pattern; pattern++) {
		stars += *pattern == '*';
		others += *pattern != '*';
	}
	return stars * 256 + (others < 255 ? 255 - others : 0);
}

/* The closest of the patterns that match; UINT_MAX: none does. */
static unsigned int best_match(const struct plugin *p, const char *modalias)
{
	unsigned int best = -1, n;
	size_t i;

	for (i = 0; i < p->aliases.n; i++) {
		n = looseness(p->aliases.item[i]);
		if (n < best && !fnmatch(p->aliases.item[i], modalias, 0))
			best = n;
	}
	return best;
}

bool plugin_matches(const struct plugin *plugin, const char *modalias)
{
	return best_match(plugin, modalias) != -1u;
}

struct plugin *catalog_match(const struct catalog *catalog, const char *modalias)
{
	unsigned int best = -1, n;
	struct plugin *found = NULL;
	size_t i;

	for (i = 0; i < catalog->n; i++) {
		if (strcmp(catalog->plugin[i]->kind, "driver"))
			continue;
		n = best_match(catalog->plugin[i], modalias);
		if (n < best) {
			best = n;
			found = catalog->plugin[i];
		}
	}
	return found;
}

struct plugin *catalog_bridge(const struct catalog *catalog, const char *class)
{
	size_t i;

	for (i = 0; i < catalog->n; i++)
		if (!strcmp(catalog->plugin[i]->kind, "bridge") &&
		    !strcmp(catalog->plugin[i]->class, class))
			return catalog->plugin[i];
	return NULL;
}

char *catalog_driver_names(const struct catalog *catalog)
{
	struct text t = { 0 };
	size_t i;

	for (i = 0; i < catalog->n; i++)
		if (!strcmp(catalog->plugin[i]->kind, "driver") &&
		    text_add(&t, "%s%s", t.len ? ", " : "", catalog->plugin[i]->name) < 0)
			break;
	return t.text ? t.text : strdup("none");
}
