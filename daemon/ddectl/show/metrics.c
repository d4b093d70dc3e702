/* SPDX-License-Identifier: GPL-2.0-only */
/* stats --openmetrics: devices and their counters as OpenMetrics text. */
#include "show.h"
#include "drivers/bridges/class.h"
#include "protocol/host.h"

enum source { FROM_STATUS, FROM_STATS };

/* A metric family of one number for each device. */
struct family {
	const char *name; /* without _total */
	bool counter;
	const char *unit; /* the end of its name, or NULL */
	const char *help;
	enum source source;
	const char *key;
	double scale;
};

static const struct family families[] = {
	{ "restarts", true, NULL, "Restarts of the driver host.", FROM_STATUS, "restarts", 1 },
	{ "last_outage_seconds", false, "seconds", "From the last death to link.", FROM_STATUS,
	  "last_outage_ms", 1e-3 },
	{ "log_lines_dropped", true, NULL, "Lines of the driver's log that were lost.", FROM_STATUS,
	  "log_lines_dropped", 1 },
	{ "carrier", false, NULL, "1 if the link is up.", FROM_STATUS, "carrier", 1 },
	{ "reloads", true, NULL, "Restarts in place.", FROM_STATS, "reloads", 1 },
};

/* Of the driver host, whatever its class. */
static const struct family host_families[] = {
#define X(key, name, gauge, unit, scale, help) \
	{ name, !(gauge), unit, help, FROM_STATS, #key, scale },
	PROTO_HOST_STATS(X)
#undef X
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

	if (!f->name)
		return;
	print_head(f->name, f->counter ? "counter" : "gauge", f->unit, f->help);
	for (i = 0; i < json_object_array_length(list); i++) {
		dev = from = json_object_array_get_idx(list, i);
		if (f->source == FROM_STATS && !json_object_object_get_ex(dev, "stats", &from))
			continue;
		if (!json_object_object_get_ex(from, f->key, &value) || !value)
			continue;
		printf("ddekit_%s%s{", f->name, f->counter ? "_total" : "");
		print_label("device", json_text(dev, "bdf"));
		printf("} %.15g\n", json_object_get_double(value) * f->scale);
	}
}

static void print_export(const struct class_protocol *class, const struct class_stat *stat,
			 struct json_object *dev, struct json_object *export)
{
	struct json_object *value;

	if (!json_object_object_get_ex(export, stat->name, &value))
		return;
	printf("ddekit_%s%s{", stat->metric, stat->gauge ? "" : "_total");
	print_label("device", json_text(dev, "bdf"));
	putchar(',');
	print_label(class->label, json_text(export, "name"));
	printf("} %.15g\n", json_object_get_double(value));
}

/* A metric family of one number for each export of a class. */
static void print_export_family(const struct class_protocol *class, const struct class_stat *stat,
				struct json_object *list)
{
	struct json_object *dev, *group, *exports;
	size_t i, j;

	if (!stat->metric)
		return;
	print_head(stat->metric, stat->gauge ? "gauge" : "counter", stat->unit, stat->help);
	for (i = 0; i < json_object_array_length(list); i++) {
		dev = json_object_array_get_idx(list, i);
		if (!json_object_object_get_ex(dev, class->group, &group) ||
		    !json_object_object_get_ex(group, class->list, &exports))
			continue;
		for (j = 0; j < json_object_array_length(exports); j++)
			print_export(class, stat, dev, json_object_array_get_idx(exports, j));
	}
}

static void print_class_family(const struct class_stat *stat, struct json_object *list)
{
	const struct family f = { stat->metric, !stat->gauge, stat->unit, stat->help,
				  FROM_STATS,   stat->name,   1 };

	print_family(&f, list);
}

static void print_families(struct json_object *list)
{
	const struct class_protocol *class;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(families); i++)
		print_family(&families[i], list);
	for (i = 0; i < n_class_protocols; i++)
		for (j = 0; j < class_protocols[i]->n_stats; j++)
			print_class_family(&class_protocols[i]->stats[j], list);
	for (i = 0; i < ARRAY_SIZE(host_families); i++)
		print_family(&host_families[i], list);
	for (i = 0; i < n_class_protocols; i++) {
		class = class_protocols[i];
		for (j = 0; j < class->n_export_stats; j++)
			print_export_family(class, &class->export_stats[j], list);
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
		if (!code) /* else it has just gone down */
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
		print_families(list);
		puts("# EOF");
	}
	json_object_put(list);
	client_close(c);
	return code;
}
