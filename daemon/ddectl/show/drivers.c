/* SPDX-License-Identifier: GPL-2.0-only */
/* drivers: lists the plugins, from a daemon or a folder. */
#include "config/catalog.h"
#include "show.h"

static void print_list(struct json_object *plugin, const char *key, const char *title)
{
	struct json_object *list, *one;
	size_t i;

	if (!json_object_object_get_ex(plugin, key, &list) || !json_object_array_length(list))
		return;
	printf("  %s:\n", title);
	for (i = 0; i < json_object_array_length(list); i++) {
		one = json_object_array_get_idx(list, i);
		if (json_object_is_type(one, json_type_string))
			printf("    %s\n", json_object_get_string(one));
		else
			printf("    %-24s %-14s %s\n", json_text(one, "name"),
			       json_text(one, "type"), json_text(one, "description"));
	}
}

/* "up smp": the flavours of the runtime that have the plugin. */
static const char *flavours(struct json_object *plugin, char *text, size_t size)
{
	struct json_object *list;
	size_t i, n = 0;

	*text = 0;
	if (!json_object_object_get_ex(plugin, "flavours", &list))
		return text;
	for (i = 0; i < json_object_array_length(list) && n < size; i++)
		n += snprintf(text + n, size - n, "%s%s", i ? " " : "",
			      json_object_get_string(json_object_array_get_idx(list, i)));
	return text;
}

/* "6.1 7.3": for kernel=, the other versions of the driver. */
static void print_other_kernels(struct json_object *plugins, struct json_object *plugin)
{
	struct text t = { 0 };
	size_t i;

	for (i = 0; i < json_object_array_length(plugins); i++) {
		struct json_object *p = json_object_array_get_idx(plugins, i);

		if (p != plugin && json_text(p, "kernel") &&
		    str_equal(json_text(p, "name"), json_text(plugin, "name")))
			text_add(&t, "%s%s", t.text ? " " : "", json_text(p, "kernel"));
	}
	if (t.text)
		print_field("also kernel=", t.text);
	text_finish(&t);
}

static void print_plugin(struct json_object *plugins, struct json_object *plugin)
{
	char text[64];

	printf("%s\n", json_text(plugin, "name"));
	print_field("kind", json_text(plugin, "kind"));
	print_field("class", json_text(plugin, "class"));
	print_field("description", json_text(plugin, "description"));
	print_field("kernel", json_text(plugin, "release"));
	print_other_kernels(plugins, plugin);
	print_field("license", json_text(plugin, "license"));
	print_field("recipe", json_text(plugin, "recipe"));
	print_field("vermagic", json_text(plugin, "vermagic"));
	print_field("abi", json_text(plugin, "abi"));
	print_field("flavours", flavours(plugin, text, sizeof(text)));
	print_list(plugin, "modules", "files, in load order");
	print_list(plugin, "firmware", "firmware");
	print_list(plugin, "parameters", "options");
	print_list(plugin, "pci_ids", "devices");
}

static void print_plugins(struct json_object *plugins)
{
	static const char *const names[] = { "NAME",   "KIND",     "CLASS",
					     "KERNEL", "FLAVOURS", "DESCRIPTION" };
	struct table *t = table_create(ARRAY_SIZE(names), names);
	size_t i;

	for (i = 0; t && i < json_object_array_length(plugins); i++) {
		struct json_object *p = json_object_array_get_idx(plugins, i);
		char text[32];
		const char *cells[] = { json_text(p, "name"),
					json_text(p, "kind"),
					json_text(p, "class"),
					json_text(p, "release"),
					flavours(p, text, sizeof(text)),
					json_text(p, "description") };

		table_row(t, cells);
	}
	if (t)
		table_print(t);
}

/* As for modules, _ and - are the same. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && (*a == *b || (strchr("-_", *a) && *b && strchr("-_", *b))); a++)
		b++;
	return *a == *b;
}

static struct json_object *find_plugin(struct json_object *plugins, const char *name)
{
	struct json_object *p;
	size_t i;

	for (i = 0; i < json_object_array_length(plugins); i++) {
		p = json_object_array_get_idx(plugins, i);
		if (json_text(p, "name") && same_name(json_text(p, "name"), name))
			return p;
	}
	fprintf(stderr, "ddectl: no plugin %s; see ddectl drivers\n", name);
	return NULL;
}

/* From a folder, without a daemon. */
static int read_plugins(const char *dir, struct json_object **ret)
{
	struct catalog catalog = { 0 };
	struct json_object *o, *list;
	size_t i;
	int r = catalog_read_all(dir, &catalog);

	if (r < 0) {
		fprintf(stderr,
			"ddectl: no plugins: %s: %s; build them or name their folder by "
			"--plugin-dir\n",
			dir, strerror(-r));
		catalog_finish(&catalog);
		return EXIT_FAILED;
	}
	o = json_object_new_object();
	list = json_object_new_array();
	for (i = 0; i < catalog.n; i++)
		json_object_array_add(list, json_object_get(catalog.plugin[i]->json));
	json_object_object_add(o, "plugins", list);
	list = json_object_new_array();
	for (i = 0; i < catalog.errors.n; i++)
		json_object_array_add(list, json_object_new_string(catalog.errors.item[i]));
	json_object_object_add(o, "errors", list);
	catalog_finish(&catalog);
	*ret = o;
	return EXIT_OK;
}

static int get_plugins(const struct options *o, struct json_object **ret)
{
	struct client *c;
	int code;

	if (o->plugin_dir)
		return read_plugins(o->plugin_dir, ret);
	code = client_open(o, &c);
	if (code)
		return code;
	code = client_json(client_bus(c, 0), "ListDrivers", NULL, ret);
	client_close(c);
	return code;
}

int cmd_drivers(const struct options *o)
{
	struct json_object *catalog, *plugins = NULL, *errors = NULL, *one = NULL;
	size_t i;
	int code = get_plugins(o, &catalog);

	if (code)
		return code;
	json_object_object_get_ex(catalog, "plugins", &plugins);
	json_object_object_get_ex(catalog, "errors", &errors);
	if (o->argc) {
		one = find_plugin(plugins, o->argv[0]);
		code = one ? EXIT_OK : EXIT_FAILED;
	}
	if (o->json && !code)
		print_json(one ? one : catalog);
	else if (one)
		print_plugin(plugins, one);
	else if (!code)
		print_plugins(plugins);
	for (i = 0; errors && i < json_object_array_length(errors); i++)
		fprintf(stderr, "ddectl: left out: %s\n",
			json_object_get_string(json_object_array_get_idx(errors, i)));
	json_object_put(catalog);
	return code;
}
