/* SPDX-License-Identifier: GPL-2.0-only */
/* stats --openmetrics: devices and their counters as OpenMetrics text. */
#include "show.h"

enum source { FROM_STATUS, FROM_STATS };

/* A metric family of one number for each device. */
struct family {
	const char *name;	/* without _total */
	bool counter;
	const char *unit;	/* the end of its name, or NULL */
	const char *help;
	enum source source;
	const char *key;
	double scale;
};

static const struct family families[] = {
	{ "restarts", true, NULL, "Restarts of the driver host.", FROM_STATUS, "restarts", 1 },
	{ "last_outage_seconds", false, "seconds", "From the last death to link.", FROM_STATUS,
	  "last_outage_ms", 1e-3 },
	{ "log_lines_dropped", true, NULL, "Lines of the driver's log that were lost.",
	  FROM_STATUS, "log_lines_dropped", 1 },
	{ "carrier", false, NULL, "1 if the link is up.", FROM_STATUS, "carrier", 1 },
	{ "reloads", true, NULL, "Restarts in place.", FROM_STATS, "reloads", 1 },
	{ "receive_packets", true, NULL, "Packets received.", FROM_STATS, "rx_packets", 1 },
	{ "receive_bytes", true, "bytes", "Bytes received.", FROM_STATS, "rx_bytes", 1 },
	{ "receive_errors", true, NULL, "Bad packets received.", FROM_STATS, "rx_errors", 1 },
	{ "receive_dropped", true, NULL, "Received packets dropped.", FROM_STATS, "rx_dropped",
	  1 },
	{ "transmit_packets", true, NULL, "Packets sent.", FROM_STATS, "tx_packets", 1 },
	{ "transmit_bytes", true, "bytes", "Bytes sent.", FROM_STATS, "tx_bytes", 1 },
	{ "transmit_errors", true, NULL, "Packets not sent because of errors.", FROM_STATS,
	  "tx_errors", 1 },
	{ "transmit_dropped", true, NULL, "Packets dropped before sending.", FROM_STATS,
	  "tx_dropped", 1 },
	{ "interrupts", true, NULL, "Interrupts of the device.", FROM_STATS, "irqs", 1 },
	{ "mmio_reads", true, NULL, "Reads of device registers.", FROM_STATS, "mmio_reads", 1 },
	{ "mmio_writes", true, NULL, "Writes of device registers.", FROM_STATS, "mmio_writes",
	  1 },
	{ "cpu_seconds", true, "seconds", "CPU time of the driver host.", FROM_STATS, "cpu_ns",
	  1e-9 },
	{ "resident_memory_bytes", false, "bytes", "Memory of the driver host.", FROM_STATS,
	  "rss_kb", 1024 },
};

/* Of each disk. */
static const struct family disk_families[] = {
	{ "disk_reads", true, NULL, "Reads of clients.", FROM_STATUS, "reads", 1 },
	{ "disk_read_bytes", true, "bytes", "Bytes read.", FROM_STATUS, "read_bytes", 1 },
	{ "disk_writes", true, NULL, "Writes of clients.", FROM_STATUS, "writes", 1 },
	{ "disk_write_bytes", true, "bytes", "Bytes written.", FROM_STATUS, "write_bytes", 1 },
	{ "disk_fua_writes", true, NULL, "Writes of clients with FUA.", FROM_STATUS, "fua", 1 },
	{ "disk_flushes", true, NULL, "Flushes of clients.", FROM_STATUS, "flushes", 1 },
	{ "disk_discards", true, NULL, "Discards of clients.", FROM_STATUS, "discards", 1 },
	{ "disk_errors", true, NULL, "Requests answered with an error.", FROM_STATUS, "errors",
	  1 },
	{ "disk_in_flight", false, NULL, "Requests not answered yet.", FROM_STATUS, "in_flight",
	  1 },
	{ "disk_size_bytes", false, "bytes", "Capacity.", FROM_STATUS, "bytes", 1 },
};

static void print_label(const char *name, const char *value)
{
	printf("%s=\"", name);
	for (; value && *value; value++) {
		if (*value == '\n')
			fputs("\\n", stdout);
		else if (*value == '\\' || *value == '"')
			printf("\\%c", *value);
		else
			putchar(*value);
	}
	putchar('"');
}

static void print_head(const char *name, const char *type, const char *unit, const char *help)
{
	printf("# TYPE ddekit_%s %s\n", name, type);
	if (unit)
		printf("# UNIT ddekit_%s %s\n", name, unit);
	printf("# HELP ddekit_%s %s\n", name, help);
}

static void print_info(struct json_object *list)
{
	static const char *const labels[] = { "driver", "backend", "interface" };
	struct json_object *dev;
	size_t i, j;

	print_head("device", "info", NULL, "What runs the device.");
	for (i = 0; i < json_object_array_length(list); i++) {
		dev = json_object_array_get_idx(list, i);
		fputs("ddekit_device_info{", stdout);
		print_label("device", json_text(dev, "bdf"));
		for (j = 0; j < ARRAY_SIZE(labels); j++) {
			putchar(',');
			print_label(labels[j], json_text(dev, labels[j]));
		}
		puts("} 1");
	}
}

static void print_states(struct json_object *list)
{
	static const char *const states[] = { CONTROL_STATES };
	struct json_object *dev;
	size_t i, j;

	print_head("state", "stateset", NULL, "State of the device.");
	for (i = 0; i < json_object_array_length(list); i++) {
		dev = json_object_array_get_idx(list, i);
		for (j = 0; j < ARRAY_SIZE(states); j++) {
			fputs("ddekit_state{", stdout);
			print_label("device", json_text(dev, "bdf"));
			printf(",ddekit_state=\"%s\"} %d\n", states[j],
			       str_equal(json_text(dev, "state"), states[j]));
		}
	}
}

/* Devices of which the value is not known have no line. */
static void print_family(const struct family *f, struct json_object *list)
{
	struct json_object *dev, *from, *value;
	size_t i;

	print_head(f->name, f->counter ? "counter" : "gauge", f->unit, f->help);
	for (i = 0; i < json_object_array_length(list); i++) {
		dev = from = json_object_array_get_idx(list, i);
		if (f->source == FROM_STATS &&
		    !json_object_object_get_ex(dev, "stats", &from))
			continue;
		if (!json_object_object_get_ex(from, f->key, &value) || !value)
			continue;
		printf("ddekit_%s%s{", f->name, f->counter ? "_total" : "");
		print_label("device", json_text(dev, "bdf"));
		printf("} %.15g\n", json_object_get_double(value) * f->scale);
	}
}

static void print_disk_metrics(const struct family *f, struct json_object *dev,
			       struct json_object *disk)
{
	struct json_object *value;

	if (!json_object_object_get_ex(disk, f->key, &value))
		return;
	printf("ddekit_%s%s{", f->name, f->counter ? "_total" : "");
	print_label("device", json_text(dev, "bdf"));
	putchar(',');
	print_label("disk", json_text(disk, "name"));
	printf("} %.15g\n", json_object_get_double(value) * f->scale);
}

static void print_disk_family(const struct family *f, struct json_object *list)
{
	struct json_object *dev, *block, *disks;
	size_t i, j;

	print_head(f->name, f->counter ? "counter" : "gauge", f->unit, f->help);
	for (i = 0; i < json_object_array_length(list); i++) {
		dev = json_object_array_get_idx(list, i);
		if (!json_object_object_get_ex(dev, "block", &block) ||
		    !json_object_object_get_ex(block, "disks", &disks))
			continue;
		for (j = 0; j < json_object_array_length(disks); j++)
			print_disk_metrics(f, dev, json_object_array_get_idx(disks, j));
	}
}

static int add_device_stats(sd_bus *bus, struct json_object *list)
{
	struct json_object *dev, *stats;
	size_t i;
	int code;

	for (i = 0; i < json_object_array_length(list); i++) {
		dev = json_object_array_get_idx(list, i);
		if (!str_equal(json_text(dev, "state"), "up"))
			continue;
		code = client_json(bus, "GetStats", json_text(dev, "bdf"), &stats);
		if (code == EXIT_NO_DAEMON)
			return code;
		if (!code)		/* else it has just gone down */
			json_object_object_add(dev, "stats", stats);
	}
	return 0;
}

/* The devices of a daemon that are asked for go into @list. */
static int collect_devices(sd_bus *bus, const char *device, struct json_object *list)
{
	struct json_object *part = NULL, *one;
	size_t i;
	int code;

	if (device) {
		part = json_object_new_array();
		code = client_json(bus, "GetStatus", device, &one);
		if (!code)
			json_object_array_add(part, one);
	} else {
		code = client_json(bus, "ListDevices", NULL, &part);
	}
	if (!code)
		code = add_device_stats(bus, part);
	for (i = 0; !code && i < json_object_array_length(part); i++)
		json_object_array_add(list, json_object_get(json_object_array_get_idx(part, i)));
	json_object_put(part);
	return code;
}

int print_metrics(const struct options *o)
{
	struct json_object *list;
	struct client *c;
	sd_bus *bus;
	size_t i;
	int code = client_open(o, &c);

	if (code)
		return code;
	list = json_object_new_array();
	if (o->argc) {
		code = client_find(c, o->argv[0], &bus);
		if (!code)
			code = collect_devices(bus, o->argv[0], list);
	}
	for (i = 0; !o->argc && !code && i < client_count(c); i++)
		code = collect_devices(client_bus(c, i), NULL, list);
	if (!code) {
		print_info(list);
		print_states(list);
		for (i = 0; i < ARRAY_SIZE(families); i++)
			print_family(&families[i], list);
		for (i = 0; i < ARRAY_SIZE(disk_families); i++)
			print_disk_family(&disk_families[i], list);
		puts("# EOF");
	}
	json_object_put(list);
	client_close(c);
	return code;
}
