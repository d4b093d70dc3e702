/* SPDX-License-Identifier: GPL-2.0-only */
/* stats: counters of a device, once or periodically. */
#include <errno.h>
#include <time.h>

#include "show.h"

/* A disk's counters, each behind the disk's name. */
static void print_disk_stats(struct json_object *disk)
{
	char name[64];

	json_object_object_foreach(disk, key, value)
	{
		if (!json_object_is_type(value, json_type_int))
			continue;
		snprintf(name, sizeof(name), "%s.%s", json_text(disk, "name"), key);
		printf("%-28s %s\n", name, json_object_get_string(value));
	}
}

static void print_stats(struct json_object *stats)
{
	size_t i;

	json_object_object_foreach(stats, key, value)
	{
		if (!json_object_is_type(value, json_type_array)) {
			printf("%-18s %s\n", key, json_object_get_string(value));
			continue;
		}
		for (i = 0; i < json_object_array_length(value); i++)
			print_disk_stats(json_object_array_get_idx(value, i));
	}
}

/* Counters with their growth per second; after the first time, unchanged ones are left
 * out. */
static void print_rates(struct json_object *stats, struct json_object *before, double seconds)
{
	time_t now = time(NULL);
	char stamp[16];
	struct tm tm;
	int64_t grown;

	strftime(stamp, sizeof(stamp), "%H:%M:%S", localtime_r(&now, &tm));
	printf("%s\n", stamp);
	json_object_object_foreach(stats, key, value)
	{
		if (!json_object_is_type(value, json_type_int))
			continue;
		grown = json_object_get_int64(value) - json_number(before, key);
		if (grown)
			printf("  %-18s %20s %14.0f/s\n", key, json_object_get_string(value),
			       (double)grown / seconds);
	}
}

static int wait_for_round(uint64_t ns)
{
	struct timespec until = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	int r;

	do
		r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	while (r == EINTR);
	return r;
}

static int fetch_stats(const struct options *o, sd_bus *bus, struct json_object **ret)
{
	return client_json(bus, o->kernel ? "GetKernelStats" : "GetStats", o->argv[0], ret);
}

/* Until Ctrl-C, or the device is not up any more. Return: exit code. */
static int watch_stats(const struct options *o, sd_bus *bus)
{
	struct json_object *before = NULL, *stats;
	uint64_t last = 0, now, next = mono_ns();
	int code;

	while (!(code = fetch_stats(o, bus, &stats))) {
		now = mono_ns();
		if (o->json)
			print_json_line(json_object_get(stats));
		else if (before)
			print_rates(stats, before, (now - last) / 1e9);
		else
			print_stats(stats);
		json_object_put(before);
		before = stats;
		last = now;
		next += o->watch_ms * 1000000ull;
		if (fflush(stdout) || wait_for_round(next)) {
			code = EXIT_FAILED;
			break;
		}
	}
	json_object_put(before);
	return code;
}

static int print_once(const struct options *o, sd_bus *bus)
{
	struct json_object *stats;
	int code = fetch_stats(o, bus, &stats);

	if (code)
		return code;
	if (o->json)
		print_json(stats);
	else
		print_stats(stats);
	json_object_put(stats);
	return EXIT_OK;
}

int cmd_stats(const struct options *o)
{
	if (o->openmetrics)
		return print_metrics(o);
	if (!o->argc) {
		fputs("ddectl: stats needs a device, or --openmetrics\n", stderr);
		return EXIT_USAGE;
	}
	return client_with_device(o, o->watch_ms ? watch_stats : print_once);
}
