/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-ublk: serves a device's disks as /dev/ublkbN.
 *
 *   ublk.c          the process: arguments, the reaper, which disk has a device
 *   ublk-control.c  commands to /dev/ublk-control
 *   ublk-queue.c    requests of one device
 *   ublk-names.c    what udev is to know of it
 *
 * A device outlives the front (user recovery): its number is in the control memory, and
 * the next front goes on with it; the kernel then issues again what was not answered.
 */
#ifndef DDEKITD_BLOCK_UBLK_H
#define DDEKITD_BLOCK_UBLK_H

#include <liburing.h>
#include <linux/ublk_cmd.h>
#include <pthread.h>

#include "ring.h"

#define UBLK_DEPTH 128u
#define UBLK_IO_BYTES (512u << 10)

/* ---- ublk-control.c: all block, and return 0 or -errno ---------------------------- */

struct ublk_control {
	struct io_uring uring;
	int fd;
};

int ublk_control_open(struct ublk_control *c);
void ublk_control_close(struct ublk_control *c);
/* A new device with a number of the kernel's choice. */
int ublk_add(struct ublk_control *c, const struct dde_block_disk *disk, uint32_t *ret_id);
/* One that a dead front left; waits until the kernel has seen that it is dead. */
int ublk_recover(struct ublk_control *c, uint32_t id);
/* Its queue fetches already. The kernel reads the partitions meanwhile. */
int ublk_start(struct ublk_control *c, uint32_t id, bool recovered);
/* Ends it for good; what has it open gets errors. */
int ublk_delete(struct ublk_control *c, uint32_t id);

/* ---- ublk-names.c: a file in @dir for each device --------------------------------- */

/* Before it is started. Return: 0, -errno. */
int ublk_names_write(const char *dir, uint32_t id, const struct dde_block_disk *disk);
void ublk_names_remove(const char *dir, uint32_t id);

/* ---- ublk-queue.c ------------------------------------------------------------------- */

struct ublk_queue;

/* Opens /dev/ublkcID and serves it in a thread of its own. Return: 0, -errno. */
int ublk_queue_start(struct block_ring *ring, uint16_t disk, uint32_t id,
		     struct ublk_queue **ret);
/* Waits for its end, which the deletion of the device brings. */
void ublk_queue_join(struct ublk_queue *q);

#endif
