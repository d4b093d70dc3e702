/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that ddekitd and a device's front share, beside the ring that the
 * front shares with its back.  ddekitd says whether there is a back; the front
 * counts.  Same build.  ddekitd believes none of what the front writes.
 *
 * A request that has waited too long is answered with an error, and must then never
 * reach the medium: its slot is withdrawn.  That may happen only while no back can
 * look at it, so back is also a lock: the front takes it from NONE to WITHDRAWING and
 * back, ddekitd from NONE to RUNS before it starts a driver host, and to NONE once
 * that is dead and the device has been reset.
 *
 * Whatever ddekitd changes, it then adds 1 to events and sends a byte to the front by the
 * socket "life", of which no driver host has an end.  Data there says that all is to be
 * looked at anew; its end is ddekitd's.
 *
 * A request that a back has had for longer than timeout_ms is a failure of the driver host:
 * ddekitd replaces it. After twice that time the front withdraws the request.
 */
#ifndef DDEKITD_BLOCK_CONTROL_H
#define DDEKITD_BLOCK_CONTROL_H

#include <stdint.h>

#include "drivers/bridges/block/ring.h"

#define BLOCK_CONTROL_MAGIC 0x6c74632d656464ull /* "dde-ctl" */
#define BLOCK_CONTROL_VERSION 4u

enum block_back {
	BLOCK_BACK_NONE,
	BLOCK_BACK_RUNS,
	BLOCK_BACK_WITHDRAWING,
};

/*
 * Of one disk, since the ring was made: the member, its name in JSON, how it is called in
 * OpenMetrics (NULL: it is not there) with unit and help text.
 */
#define BLOCK_DISK_COUNTERS(X) \
	X(reads, "reads", "disk_reads", NULL, "Reads of clients.") \
	X(read_bytes, "read_bytes", "disk_read_bytes", "bytes", "Bytes read.") \
	X(writes, "writes", "disk_writes", NULL, "Writes of clients.") \
	X(write_bytes, "write_bytes", "disk_write_bytes", "bytes", "Bytes written.") \
	X(fua, "fua", "disk_fua_writes", NULL, "Writes of clients with FUA.") \
	X(flushes, "flushes", "disk_flushes", NULL, "Flushes of clients.") \
	X(discards, "discards", "disk_discards", NULL, "Discards of clients.") \
	X(discard_bytes, "discard_bytes", NULL, NULL, NULL) \
	X(zeroes, "zeroes", NULL, NULL, NULL) \
	X(zero_bytes, "zero_bytes", NULL, NULL, NULL) \
	X(errors, "errors", "disk_errors", NULL, "Requests answered with an error.")

#define BLOCK_DISK_GAUGES(X) \
	X(in_flight, "in_flight", "disk_in_flight", NULL, "Requests not answered yet.") \
	X(opens, "clients", NULL, NULL, NULL)

/* Written by the front. */
struct block_disk_stats {
#define X(member, ...) uint64_t member;
	BLOCK_DISK_COUNTERS(X)
	BLOCK_DISK_GAUGES(X)
#undef X
	uint32_t ublk; /* number of its ublk device + 1; 0: none */
	uint32_t zero;
};

struct block_control {
	uint64_t magic;
	uint32_t version;
	uint32_t back; /* enum block_back */
	uint32_t events;
	uint32_t timeout_ms;   /* how long a request waits for a back; 0: no limit */
	uint64_t absent_since; /* monotonic ns; 0: a back serves */
	/* The front's. */
	uint64_t served;     /* parts of requests that a back answered */
	uint64_t expired;    /* requests that waited too long */
	uint64_t violations; /* of the ring's rules by the back */
	uint64_t backs;      /* that the front saw take over */
	uint64_t oldest;     /* monotonic ns: first submission of the oldest with a back; 0: none */
	uint32_t seen;       /* events, as the front last looked at all */
	uint32_t zero;
	struct block_disk_stats disk[DDE_BLOCK_DISKS];
};

#endif
