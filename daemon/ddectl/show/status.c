/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands list and status. */
#include "drivers/bridges/class-ddectl.h"
#include "show.h"

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
			json_object_array_add(list,
					      json_object_get(json_object_array_get_idx(part, j)));
		if (!code)
			json_object_put(part);
	}
	client_warn_config(c);
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
	static const char *const names[] = { "DEVICE", "DRIVER",    "BACKEND",
					     "STATE",  "INTERFACE", "LINK" };
	struct table *t = table_create(ARRAY_SIZE(names), names);
	size_t i;

	for (i = 0; t && i < json_object_array_length(list); i++) {
		struct json_object *dev = json_object_array_get_idx(list, i);
		const char *cells[] = { json_text(dev, "bdf"),       json_text(dev, "driver"),
					json_text(dev, "backend"),   json_text(dev, "state"),
					json_text(dev, "interface"), link_of(dev) };

		table_row(t, cells);
	}
	if (t)
		table_print(t);
}

static void print_machine(struct json_object *list)
{
	static const char *const names[] = { "PCI DEVICE", "ID", "KERNEL DRIVER", "GROUP", "NAME" };
	struct table *t = table_create(ARRAY_SIZE(names), names);
	size_t i;

	for (i = 0; t && i < json_object_array_length(list); i++) {
		struct json_object *dev = json_object_array_get_idx(list, i);
		const char *cells[] = { json_text(dev, "bdf"), json_text(dev, "id"),
					json_text(dev, "driver"), json_text(dev, "iommu_group"),
					json_text(dev, "name") };

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
	if (o->group) {
		print_groups(o, list);
		json_object_put(list);
		return EXIT_OK;
	}
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

static void print_process(struct json_object *dev)
{
	if (json_number(dev, "host_pid"))
		printf("  %-12s %lld, %.1f MB\n", "host", (long long)json_number(dev, "host_pid"),
		       json_number(dev, "rss_kb") / 1024.0);
	if (json_number(dev, "device_pid"))
		printf("  %-12s %lld\n", "qemu", (long long)json_number(dev, "device_pid"));
}

static void print_times(struct json_object *dev)
{
	static const struct {
		const char *key, *name;
	} steps[] = {
		{ "claim_ms", "claim" },   { "adopted_ms", "adopted" }, { "booted_ms", "booted" },
		{ "loaded_ms", "loaded" }, { "ready_ms", "ready" },     { "link_ms", "link" },
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
	print_field("start", t.text);
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
	size_t i;

	printf("%s  %s\n", json_text(dev, "bdf"), json_text(dev, "state"));
	print_field("error", json_text(dev, "error"));
	if (!json_text(dev, "error"))
		print_field("last failure", json_text(dev, "last_failure"));
	print_field("crash report", json_text(dev, "crash_report"));
	print_field("driver", json_text(dev, "driver"));
	print_field("kernel", json_text(dev, "kernel_release"));
	if (json_number(dev, "cpus") > 1)
		printf("  %-12s %lld\n", "cpus", (long long)json_number(dev, "cpus"));
	if (flavour && strstr(flavour, "debug"))
		print_field("runtime", flavour);
	print_field("backend", json_text(dev, "backend"));
	print_field("kernel=", json_text(dev, "kernel"));
	if (json_object_object_get_ex(dev, "dma_isolation", &isolated) &&
	    !json_object_get_boolean(isolated))
		print_field("memory", "no DMA isolation: device and driver can reach all of it");
	print_field("interface", json_text(dev, "interface"));
	print_field("netns", json_text(dev, "netns"));
	for (i = 0; class_shows[i]; i++)
		class_shows[i]->print_status(dev);
	print_process(dev);
	print_times(dev);
	print_field("configured", json_text(dev, "where"));
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
	code = client_device_json(o, "GetStatus", &dev);
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
