/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "block" in ddekitd: where disks are found, status, and who has them open. */
#include <errno.h>

#include "ddekitd.h"
#include "process/front.h"
#include "lib/json.h"

char *block_dir(const struct device *dev)
{
	return str_format("%s/block", dev->env->global->runtime_dir);
}

char *block_socket_path(const struct device *dev)
{
	_cleanup_free_ char *dir = block_dir(dev);

	return dir ? str_format("%s/%s.nbd", dir, dev->config->bdf_text) : NULL;
}

static struct block_disk_stats disk_stats(const struct device_block *b, size_t i)
{
	return b->share.c->disk[i];
}

static int add_node(const struct device_block *b, size_t i, struct strv *nodes)
{
	_cleanup_free_ char *name = str_format("ublkb%u", disk_stats(b, i).ublk - 1);

	return name ? strv_add(nodes, name) : -ENOMEM;
}

int block_users(const struct device *dev, struct strv *clients, struct strv *nodes)
{
	const struct device_block *b = block_of(dev);
	uint64_t opens;
	size_t i;
	int r = 0;

	for (i = 0; b && i < ARRAY_SIZE(b->disk) && !r; i++) {
		_cleanup_free_ char *line = NULL;

		if (disk_stats(b, i).ublk)
			r = add_node(b, i, nodes);
		opens = disk_stats(b, i).opens;
		if (!opens || r)
			continue;
		/* A ddekitd that has just begun does not know the name yet. */
		line = str_format("disk %s has %llu NBD client%s",
				  b->disk[i].known ? b->disk[i].is.name : "?",
				  (unsigned long long)opens, opens == 1 ? "" : "s");
		r = line ? strv_add(clients, line) : -ENOMEM;
	}
	return r;
}

static void add_stats(struct json_object *o, const struct block_disk_stats *s)
{
	add_number(o, "queue_depth", DDE_BLOCK_SLOTS);
#define X(member, name, ...) add_number(o, name, s->member);
	BLOCK_DISK_GAUGES(X)
	BLOCK_DISK_COUNTERS(X)
#undef X
}

static struct json_object *report_disk(const struct device_block *b, size_t i, const char *path)
{
	const struct block_export *d = &b->disk[i].is;
	struct block_disk_stats stats = disk_stats(b, i);
	struct json_object *o = json_object_new_object();
	_cleanup_free_ char *uri = NULL;
	uint32_t flags = d->flags;

	if (stats.ublk)
		uri = str_format("/dev/ublkb%u", stats.ublk - 1);
	else if (b->listener >= 0 && path)
		uri = str_format("nbd+unix:///%s?socket=%s", d->name, path);
	add_string(o, "name", d->name);
	add_bool(o, "present", flags & DDE_BLOCK_D_PRESENT);
	add_number(o, "bytes", d->bytes);
	add_string(o, "model", d->model);
	add_string(o, "serial", d->serial);
	add_string(o, "wwid", d->wwid);
	add_number(o, "logical_block", d->logical_block);
	add_number(o, "physical_block", d->physical_block);
	add_bool(o, "read_only", flags & DDE_BLOCK_D_READ_ONLY);
	add_bool(o, "rotational", flags & DDE_BLOCK_D_ROTATIONAL);
	add_bool(o, "write_cache", flags & DDE_BLOCK_D_WRITE_CACHE);
	add_string(o, "host", uri);
	add_stats(o, &stats);
	return o;
}

static struct json_object *report_front(const struct device_block *b)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "kind", b->ublk ? "ublk" : b->listener >= 0 ? "nbd" : "none");
	add_number(o, "pid", b->front ? (uint64_t)front_pid(b->front) : 0);
	add_number(o, "restarts", b->front_restarts);
	add_number(o, "recoveries", b->share.c->backs);
	add_number(o, "expired", b->share.c->expired);
	add_number(o, "ring_violations", b->share.c->violations);
	return o;
}

static struct json_object *report_disks(const struct device *dev, const struct device_block *b)
{
	struct json_object *disks = json_object_new_array();
	_cleanup_free_ char *path = block_socket_path(dev);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(b->disk); i++)
		if (b->disk[i].known)
			json_object_array_add(disks, report_disk(b, i, path));
	return disks;
}

void block_report(const struct device *dev, bool stats, struct json_object *o)
{
	const struct device_block *b = block_of(dev);
	struct json_object *block;

	if (!b)
		return;
	if (stats) {
		json_object_object_add(o, "disks", report_disks(dev, b));
		return;
	}
	block = report_front(b);
	json_object_object_add(block, "disks", report_disks(dev, b));
	json_object_object_add(o, "block", block);
}
