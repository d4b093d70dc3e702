/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A class of devices as ddekitd, ddectl and the tests know it without a device: is a
 * message of a driver host sane, what are its statistics called. One table (struct
 * class_protocol) for each class; classes.c lists them. No I/O, no state: any thread.
 */
#ifndef DDE_CLASS_H
#define DDE_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct class_stat {
	const char *name;   /* in statistics as JSON */
	const char *metric; /* in OpenMetrics, without _total; NULL: it is not there */
	const char *unit;   /* the end of that, or NULL */
	const char *help;
	bool gauge; /* else it only grows */
};

struct class_protocol {
	const char *name; /* as in recipes: "net" */
	/* Of struct proto_export, whose other members have been checked. @data may be
	 * written to: texts are made printable. Return: NULL, or what is wrong, a constant. */
	const char *(*check)(uint32_t index, void *data, size_t len);
	/* What proto_stats.class_stats has, in order; PROTO_CLASS_STATS at most. */
	const struct class_stat *stats;
	size_t n_stats;
	/* A device's status as JSON has an object @group with a list @list of exports;
	 * each has a name and these statistics. NULL: it has no such list. */
	const char *group, *list;
	const char *label; /* of an export in OpenMetrics */
	const struct class_stat *export_stats;
	size_t n_export_stats;
};

extern const struct class_protocol *const class_protocols[];
extern const size_t n_class_protocols;

/* By name, of which @size bytes can be read. Return: NULL: not known. */
const struct class_protocol *class_protocol_find(const char *name, size_t size);

#endif
