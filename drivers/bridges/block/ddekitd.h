/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The disks of a device: the ring that outlives its driver hosts, and the front that serves
 * it (daemon/fronts).  Both are there from the first claim until the device is given back,
 * also while it is failed: what has a disk open then gets errors after disk-timeout=, and
 * goes on if the device comes back.  For the files ddekitd*.c alone.
 */
#ifndef DDE_BLOCK_DDEKITD_H
#define DDE_BLOCK_DDEKITD_H

#include <systemd/sd-event.h>
#include "drivers/bridges/block/protocol.h"
#include "drivers/bridges/block/share.h"
#include "drivers/bridges/class-ddekitd.h"
#include "device/private.h"

struct front;

/* As a driver host reported it. */
struct disk {
	bool known;
	bool seen; /* by the present host */
	struct block_export is;
};

struct device_block {
	struct class_part part;
	struct block_share share;
	bool ublk;    /* block devices of the kernel instead of NBD */
	int listener; /* of NBD; -1: none */
	int life[2];  /* ours, which is kept; the front's */
	struct front *front;
	bool closing;           /* it is over once the front has ended */
	bool life_ended;        /* it was asked to end, and not killed yet */
	sd_event_source *limit; /* of that */
	uint64_t front_start;
	uint64_t front_restarts;
	sd_event_source *again;
	uint64_t withdraws; /* mono ns: waited for since; 0: it is not */
	/* ddekitd-stuck.c */
	sd_event_source *check;
	uint64_t serves_since; /* mono ns: the driver host */
	bool suspected;        /* by the last check */
	bool was_stuck;        /* it is replaced for that */
	uint64_t stuck_at;     /* mono ns: the last one was found */
	uint32_t stuck_in_a_row;
	struct disk disk[DDE_BLOCK_DISKS];
};

/* NULL: it has none. */
static inline struct device_block *block_of(const struct device *dev)
{
	return (struct device_block *)device_part(dev, "block");
}

/* ---- ddekitd-stuck.c ------------------------------------------------------------- */

/* The driver host serves from now on; its answers are awaited. Return: 0, -ENOMEM. */
int block_start_checks(struct device *dev);
void block_stop_checks(struct device *dev);
/* Kills the front; another one takes its place. */
void block_end_stuck_front(struct device *dev);

/* ---- ddekitd-report.c ------------------------------------------------------------ */

/* The folder of sockets, and of what udev is to know; to be freed. NULL: no memory. */
char *block_dir(const struct device *dev);
/* Where NBD clients connect; likewise. */
char *block_socket_path(const struct device *dev);
/* See struct class_ops. */
void block_report(const struct device *dev, bool stats, struct json_object *o);
int block_users(const struct device *dev, struct strv *clients, struct strv *nodes);

#endif
