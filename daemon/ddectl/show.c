/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands that look: list, status, drivers, logs, stats. */
#include <errno.h>
#include <time.h>

#include "catalog.h"
#include "ddectl.h"

/* All devices of all daemons in one array. Return: 0, exit code. */
static int all_devices(const struct options *o, struct json_object **ret)
{
	struct json_object *list = json_object_new_array(), *part;
	struct client *c;
	size_t i, j;
	int code = client_open(o, &c);

	if (code) {
		json_object_put(list);
		return code;
	}
	for (i = 0; i < client_count(c) && !code; i++) {
		code = client_json(client_bus(c, i), "ListDevices", NULL, &part);
		for (j = 0; !code && j < json_object_array_length(part); j++)
			json_object_array_add(list, json_object_get(
				json_object_array_get_idx(part, j)));
		if (!code)
			json_object_put(part);
	}
	client_close(c);
	if (code)
		json_object_put(list);
	else
		*ret = list;
	return code;
}

/* ---- list ------------------------------------------------------------------ */

static const char *link_of(struct json_object *dev)
{
	if (!json_text(dev, "mac"))
		return NULL;
	return json_is_true(dev, "carrier") ? "up" : "down";
}

static void print_devices(struct json_object *list)
{
	static const char *const names[] = { "DEVICE", "DRIVER", "BACKEND", "STATE", "INTERFACE",
					     "LINK" };
	struct table *t = table_create(ARRAY_SIZE(names), names);
	size_t i;

	for (i = 0; t && i < json_object_array_length(list); i++) {
		struct json_object *dev = json_object_array_get_idx(list, i);
		const char *cells[] = { json_text(dev, "bdf"), json_text(dev, "driver"),
					json_text(dev, "backend"), json_text(dev, "state"),
					json_text(dev, "interface"), link_of(dev) };

		table_row(t, cells);
	}
	if (t)
		table_print(t);
}

static void print_machine(struct json_object *list)
{
	static const char *const names[] = { "PCI DEVICE", "ID", "KERNEL DRIVER", "GROUP",
					     "NAME" };
	struct table *t = table_create(ARRAY_SIZE(names), names);
	size_t i;

	for (i = 0; t && i < json_object_array_length(list); i++) {
		struct json_object *dev = json_object_array_get_idx(list, i);
		const char *cells[] = { json_text(dev, "bdf"), json_text(dev, "id"),
					json_text(dev, "driver"),
					json_text(dev, "iommu_group"), json_text(dev, "name") };

		table_row(t, cells);
	}
	if (t)
		table_print(t);
}

int cmd_list(const struct options *o)
{
	struct json_object *list, *both, *machine;
	int code = all_devices(o, &list);

	if (code)
		return code;
	machine = o->all ? pci_devices() : NULL;
	if (o->json && o->all) {
		both = json_object_new_object();
		json_object_object_add(both, "devices", list);
		json_object_object_add(both, "machine", machine);
		print_json(both);
		json_object_put(both);
		return EXIT_OK;
	}
	if (o->json)
		print_json(list);
	else
		print_devices(list);
	if (machine && !o->json) {
		puts("");
		print_machine(machine);
	}
	json_object_put(machine);
	json_object_put(list);
	return EXIT_OK;
}

/* ---- status ---------------------------------------------------------------- */

static void line(const char *name, const char *value)
{
	if (value && *value)
		printf("  %-12s %s\n", name, value);
}

static void print_process(struct json_object *dev)
{
	if (json_number(dev, "host_pid"))
		printf("  %-12s %lld, %.1f MB\n", "host", (long long)json_number(dev, "host_pid"),
		       json_number(dev, "rss_kb") / 1024.0);
	if (json_number(dev, "device_pid"))
		printf("  %-12s %lld\n", "qemu", (long long)json_number(dev, "device_pid"));
}

static void print_link(struct json_object *dev)
{
	if (!json_text(dev, "mac"))
		return;
	line("mac", json_text(dev, "mac"));
	if (json_is_true(dev, "carrier"))
		printf("  %-12s up, %lld Mbit/s, %s duplex, MTU %lld\n", "link",
		       (long long)json_number(dev, "speed"), json_text(dev, "duplex"),
		       (long long)json_number(dev, "mtu"));
	else
		line("link", "down");
}

static void print_disk(struct json_object *disk)
{
	_cleanup_free_ char *about = NULL;
	char size[32];

	about = str_format("%s, %s%s%s%s%s%s", json_text(disk, "name"),
			   format_size((uint64_t)json_number(disk, "bytes"), size, sizeof(size)),
			   *json_text(disk, "model") ? ", " : "", json_text(disk, "model"),
			   json_is_true(disk, "read_only") ? ", read-only" : "",
			   json_is_true(disk, "present") ? "" : ", gone",
			   json_number(disk, "clients") ? ", open" : "");
	line("disk", about);
	line("", json_text(disk, "host"));
	printf("  %-12s %lld of %lld in flight, %lld reads, %lld writes, %lld errors\n", "",
	       (long long)json_number(disk, "in_flight"),
	       (long long)json_number(disk, "queue_depth"), (long long)json_number(disk, "reads"),
	       (long long)json_number(disk, "writes"), (long long)json_number(disk, "errors"));
}

static void print_disks(struct json_object *dev)
{
	struct json_object *block, *disks;
	size_t i;

	if (!json_object_object_get_ex(dev, "block", &block) ||
	    !json_object_object_get_ex(block, "disks", &disks))
		return;
	for (i = 0; i < json_object_array_length(disks); i++)
		print_disk(json_object_array_get_idx(disks, i));
	if (json_number(block, "pid"))
		printf("  %-12s %s, %lld, %lld recoveries\n", "front", json_text(block, "kind"),
		       (long long)json_number(block, "pid"),
		       (long long)json_number(block, "recoveries"));
}

static void print_times(struct json_object *dev)
{
	static const struct { const char *key, *name; } steps[] = {
		{ "claim_ms", "claim" }, { "adopted_ms", "adopted" }, { "booted_ms", "booted" },
		{ "loaded_ms", "loaded" }, { "ready_ms", "ready" }, { "link_ms", "link" },
	};
	struct json_object *times;
	struct text t = { 0 };
	size_t i;

	if (!json_object_object_get_ex(dev, "times", &times))
		return;
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		if (json_text(times, steps[i].key))
			text_add(&t, "%s%s %.0f ms", t.len ? ", " : "", steps[i].name,
				 atof(json_text(times, steps[i].key)));
	line("start", t.text);
	text_finish(&t);
	if (json_number(dev, "restarts"))
		printf("  %-12s %lld, last outage %s ms\n", "restarts",
		       (long long)json_number(dev, "restarts"),
		       json_text(dev, "last_outage_ms") ? json_text(dev, "last_outage_ms") : "?");
}

static void print_status(struct json_object *dev)
{
	const char *flavour = json_text(dev, "flavour");
	struct json_object *isolated;

	printf("%s  %s\n", json_text(dev, "bdf"), json_text(dev, "state"));
	line("error", json_text(dev, "error"));
	if (!json_text(dev, "error"))
		line("last failure", json_text(dev, "last_failure"));
	line("crash report", json_text(dev, "crash_report"));
	line("driver", json_text(dev, "driver"));
	line("kernel", json_text(dev, "kernel_release"));
	if (json_number(dev, "cpus") > 1)
		printf("  %-12s %lld\n", "cpus", (long long)json_number(dev, "cpus"));
	if (flavour && strstr(flavour, "debug"))
		line("runtime", flavour);
	line("backend", json_text(dev, "backend"));
	if (json_object_object_get_ex(dev, "dma_isolation", &isolated) &&
	    !json_object_get_boolean(isolated))
		line("memory", "no DMA isolation: device and driver can reach all of it");
	line("interface", json_text(dev, "interface"));
	line("netns", json_text(dev, "netns"));
	print_link(dev);
	print_disks(dev);
	print_process(dev);
	print_times(dev);
	line("configured", json_text(dev, "where"));
}

static int status_of(struct json_object *dev)
{
	return str_equal(json_text(dev, "state"), "failed") ? EXIT_DEVICE_FAILED : EXIT_OK;
}

static int status_all(const struct options *o)
{
	struct json_object *list, *dev;
	size_t i;
	int code = all_devices(o, &list);

	if (code)
		return code;
	if (o->json)
		print_json(list);
	for (i = 0; i < json_object_array_length(list); i++) {
		dev = json_object_array_get_idx(list, i);
		if (!o->json)
			print_status(dev);
		if (status_of(dev))
			code = status_of(dev);
	}
	json_object_put(list);
	return code;
}

int cmd_status(const struct options *o)
{
	struct json_object *dev;
	int code;

	if (!o->argc)
		return status_all(o);
	code = client_ask(o, "GetStatus", &dev);
	if (code)
		return code;
	if (o->json)
		print_json(dev);
	else
		print_status(dev);
	code = status_of(dev);
	json_object_put(dev);
	return code;
}

/* ---- drivers ---------------------------------------------------------------- */

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

/* "up smp": the runtimes that there is such a plugin for. */
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

static void print_plugin(struct json_object *plugin)
{
	char text[64];

	printf("%s\n", json_text(plugin, "name"));
	line("kind", json_text(plugin, "kind"));
	line("class", json_text(plugin, "class"));
	line("description", json_text(plugin, "description"));
	line("kernel", json_text(plugin, "release"));
	line("license", json_text(plugin, "license"));
	line("recipe", json_text(plugin, "recipe"));
	line("vermagic", json_text(plugin, "vermagic"));
	line("abi", json_text(plugin, "abi"));
	line("flavours", flavours(plugin, text, sizeof(text)));
	print_list(plugin, "modules", "files, in load order");
	print_list(plugin, "firmware", "firmware");
	print_list(plugin, "parameters", "options");
	print_list(plugin, "pci_ids", "devices");
}

static void print_plugins(struct json_object *plugins)
{
	static const char *const names[] = { "NAME", "KIND", "CLASS", "KERNEL", "FLAVOURS",
					     "DESCRIPTION" };
	struct table *t = table_create(ARRAY_SIZE(names), names);
	size_t i;

	for (i = 0; t && i < json_object_array_length(plugins); i++) {
		struct json_object *p = json_object_array_get_idx(plugins, i);
		char text[32];
		const char *cells[] = { json_text(p, "name"), json_text(p, "kind"),
					json_text(p, "class"), json_text(p, "release"),
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
		fprintf(stderr, "ddectl: no plugins: %s: %s; build them or name their folder by "
			"--plugin-dir\n", dir, strerror(-r));
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
		print_plugin(one);
	else if (!code)
		print_plugins(plugins);
	for (i = 0; errors && i < json_object_array_length(errors); i++)
		fprintf(stderr, "ddectl: left out: %s\n",
			json_object_get_string(json_object_array_get_idx(errors, i)));
	json_object_put(catalog);
	return code;
}

/* ---- logs -------------------------------------------------------------------- */

static void print_log_line(uint64_t usec, int level, const char *text)
{
	time_t seconds = usec / 1000000;
	char stamp[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	printf("%s.%03llu <%d> %s\n", stamp, (unsigned long long)(usec / 1000 % 1000), level,
	       text);
}

static struct json_object *log_object(uint64_t usec, int level, const char *text)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "usec", json_object_new_uint64(usec));
	json_object_object_add(o, "level", json_object_new_int(level));
	json_object_object_add(o, "text", json_object_new_string(text));
	return o;
}

static int print_logs(sd_bus_message *reply, bool json, uint32_t priority)
{
	struct json_object *list = json ? json_object_new_array() : NULL;
	const char *text;
	uint64_t usec;
	int32_t level;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "(tis)");
	while (r >= 0 && (r = sd_bus_message_read(reply, "(tis)", &usec, &level, &text)) > 0) {
		if (level > (int32_t)priority)
			continue;
		if (json)
			json_object_array_add(list, log_object(usec, level, text));
		else
			print_log_line(usec, level, text);
	}
	if (json && r >= 0)
		print_json(list);
	json_object_put(list);
	return r;
}

int cmd_logs(const struct options *o)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	struct client *c;
	sd_bus *bus;
	int code, r;

	code = client_open(o, &c);
	if (code)
		return code;
	code = client_find(c, o->argv[0], &bus);
	if (!code) {
		r = sd_bus_call_method(bus, CONTROL_SERVICE, CONTROL_PATH, CONTROL_INTERFACE,
				       "GetLogs", &error, &reply, "su", o->argv[0], o->lines);
		if (r >= 0)
			r = print_logs(reply, o->json, o->priority);
		code = r < 0 ? client_error(r, &error) : EXIT_OK;
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	client_close(c);
	return code;
}

/* ---- stats -------------------------------------------------------------------- */

/* A disk's counters, each behind the disk's name. */
static void print_disk_stats(struct json_object *disk)
{
	char name[64];

	json_object_object_foreach(disk, key, value) {
		if (!json_object_is_type(value, json_type_int))
			continue;
		snprintf(name, sizeof(name), "%s.%s", json_text(disk, "name"), key);
		printf("%-28s %s\n", name, json_object_get_string(value));
	}
}

static void print_stats(struct json_object *stats)
{
	size_t i;

	json_object_object_foreach(stats, key, value) {
		if (!json_object_is_type(value, json_type_array)) {
			printf("%-18s %s\n", key, json_object_get_string(value));
			continue;
		}
		for (i = 0; i < json_object_array_length(value); i++)
			print_disk_stats(json_object_array_get_idx(value, i));
	}
}

int cmd_stats(const struct options *o)
{
	struct json_object *stats;
	int code;

	if (o->openmetrics)
		return print_metrics(o);
	if (!o->argc) {
		fputs("ddectl: stats needs a device, or --openmetrics\n", stderr);
		return EXIT_USAGE;
	}
	code = client_ask(o, o->kernel ? "GetKernelStats" : "GetStats", &stats);
	if (code)
		return code;
	if (o->json)
		print_json(stats);
	else
		print_stats(stats);
	json_object_put(stats);
	return EXIT_OK;
}
