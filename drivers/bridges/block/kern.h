/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel half's files share. Kernel world. */
#ifndef DDE_BLOCK_KERN_H
#define DDE_BLOCK_KERN_H

#include <linux/blkdev.h>
#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "compat.h"
#include "seam.h"

/* A disk of the runtime, with the index that it has in the ring. */
struct disk {
	struct gendisk *gd; /* NULL: not there; written by disk_work with lock */
	struct opened_disk *opened;
	blk_mode_t mode; /* in which it was opened */
	bool removed;    /* the driver has taken it away */
	bool reported;   /* to the host, as present */
	bool gone;       /* reported as gone: requests for it fail at once */
	u64 capacity;    /* as last reported */
	bool read_only;  /* likewise */
	char driver[32];
};

struct bridge {
	const struct dde_block_down *down;
	struct dde_block_ring *ring;
	int virq;
	bool attached;
	struct mutex lock; /* of disk[], and of telling the host */
	struct disk disk[DDE_BLOCK_DISKS];
	unsigned int disks_end; /* from there on none was ever used */
	bool scan;              /* the driver has added a disk */
	bool grace;             /* disks of a former life may still come */
	struct delayed_work disk_work;
	wait_queue_head_t changed; /* a disk came */
};

extern struct bridge bridge;

/* kern-disk.c: disks come, change, go. */
int disks_init(void);
void disks_finish(void);
/* Opens the disks that are there. Task context. */
void disks_attach(struct bridge *b);
void disks_detach(struct bridge *b);
bool disks_any(struct bridge *b);
/* In the idle thread: has anything changed? */
void disks_idle(struct bridge *b);

/* kern-id.c: names of a disk, empty where it has none. */
void disk_identify(struct gendisk *gd, struct dde_block_disk *d);
void disk_driver(struct gendisk *gd, char *name, size_t size);

/* kern-io.c: requests. */
int io_start(struct bridge *b);
void io_stop(struct bridge *b);
/* Looks at the ring again: a disk has come or gone, or memory is free. Any context; the
 * caller holds the lock, or a request is in flight. */
void io_kick(void);
/* Are requests of a disk in flight? */
bool io_busy(unsigned int disk);
irqreturn_t io_irq(int irq, void *arg);

#endif
