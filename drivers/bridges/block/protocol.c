/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "block": checks its messages, names its statistics; see class.h. */
#include "class.h"
#include "control.h"
#include "lib/util.h"
#include "protocol/check.h"
#include "protocol/host.h"
#include "block/protocol.h"

_Static_assert(sizeof(struct block_export) <= PROTO_EXPORT_BYTES, "fits");
_Static_assert(BLOCK_FDS <= PROTO_CLASS_FDS, "fits");

static const struct class_stat disk_stats[] = {
#define X(member, name, metric, unit, help) { name, metric, unit, help, false },
	BLOCK_DISK_COUNTERS(X)
#undef X
#define X(member, name, metric, unit, help) { name, metric, unit, help, true },
		BLOCK_DISK_GAUGES(X)
#undef X
			{ "bytes", "disk_size_bytes", "bytes", "Capacity.", true },
};

static bool block_size_sane(uint32_t size)
{
	return size >= 512 && size <= 65536 && !(size & (size - 1));
}

static const char *check_disk_size(const struct block_export *m)
{
	if (!block_size_sane(m->logical_block) || m->physical_block < m->logical_block ||
	    m->physical_block & (m->physical_block - 1))
		return "disk with an impossible block size";
	if (m->bytes > INT64_MAX || m->bytes % m->logical_block)
		return "disk with an impossible size";
	return NULL;
}

static const char *block_check(uint32_t index, void *data, size_t len)
{
	const uint32_t flags = DDE_BLOCK_D_PRESENT | DDE_BLOCK_D_READ_ONLY |
			       DDE_BLOCK_D_ROTATIONAL | DDE_BLOCK_D_WRITE_CACHE | DDE_BLOCK_D_FUA;
	struct block_export *m = data;

	if (len != sizeof(*m))
		return "disk of wrong length";
	if (index >= DDE_BLOCK_DISKS || m->event < DISK_PRESENT || m->event > DISK_GONE)
		return "disk with a bad index or event";
	if (!text_is_name(m->name, sizeof(m->name)) || !m->name[0] ||
	    !text_is_name(m->driver, sizeof(m->driver)))
		return "disk with a bad name";
	if (!text_terminated(m->model, sizeof(m->model)) ||
	    !text_terminated(m->serial, sizeof(m->serial)) ||
	    !text_terminated(m->wwid, sizeof(m->wwid)))
		return "disk text without end";
	if (m->flags & ~flags || !(m->flags & DDE_BLOCK_D_PRESENT) != (m->event == DISK_GONE))
		return "disk with bad flags";
	str_printable(m->model);
	str_printable(m->serial);
	str_printable(m->wwid);
	return m->event == DISK_GONE ? NULL : check_disk_size(m);
}

extern const struct class_protocol block_protocol;
const struct class_protocol block_protocol = {
	.name = "block",
	.check = block_check,
	.group = "block",
	.list = "disks",
	.label = "disk",
	.export_stats = disk_stats,
	.n_export_stats = ARRAY_SIZE(disk_stats),
};
