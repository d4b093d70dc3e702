/* SPDX-License-Identifier: GPL-2.0-only */
/* stats: counters of a device. */
#include "ddectl.h"

static void print_stats(struct json_object *stats)
{
	json_object_object_foreach(stats, key, value)
		printf("%-18s %s\n", key, json_object_get_string(value));
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
