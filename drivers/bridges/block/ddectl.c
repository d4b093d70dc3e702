/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "block" in ddectl: a device's disks and their front. */
#include <stdio.h>
#include "drivers/bridges/class-ddectl.h"
#include "client/output.h"
#include "lib/util.h"

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
	print_field("disk", about);
	print_field("", json_text(disk, "host"));
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

extern const struct class_show block_class_show;
const struct class_show block_class_show = { .print_status = print_disks };
