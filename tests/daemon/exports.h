/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages PROTO_EXPORT with what the classes have in them, for tests to write. */
#ifndef TESTS_DAEMON_EXPORTS_H
#define TESTS_DAEMON_EXPORTS_H

#include <stddef.h>
#include "daemon/protocol/host.h"
#include "drivers/bridges/block/protocol.h"
#include "drivers/bridges/net/protocol.h"

#define EXPORT_HEAD \
	struct proto_header h; \
	char class[PROTO_CLASS_NAME]; \
	uint32_t index; \
	uint32_t zero; \
	uint64_t mono_ns;

struct net_message {
	EXPORT_HEAD
	struct net_export is;
};

struct disk_message {
	EXPORT_HEAD
	struct block_export is;
};

_Static_assert(offsetof(struct net_message, is) == offsetof(struct proto_export, data), "layout");
_Static_assert(offsetof(struct disk_message, is) == offsetof(struct proto_export, data), "layout");

#endif
