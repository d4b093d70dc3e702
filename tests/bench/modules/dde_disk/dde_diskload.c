// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads or writes random blocks of 4 KiB of a disk, several at a time, as a program with direct
 * I/O does: measures the path through the block layer and the driver.  A thread sends requests,
 * and sends the next ones when completions wake it.  Builds for any kernel. With writes=1 it
 * overwrites the disk.
 *
 * Prints "dde_diskload: N requests in T ns", or "dde_diskload: failed: ...".
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/major.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/wait.h>
#include "seam.h"

static uint disk_major = BLOCK_EXT_MAJOR, disk_minor;
module_param(disk_major, uint, 0444);
MODULE_PARM_DESC(disk_major, "the disk's number");
module_param(disk_minor, uint, 0444);
MODULE_PARM_DESC(disk_minor, "the disk's number");

static uint depth = 1;
module_param(depth, uint, 0444);
MODULE_PARM_DESC(depth, "requests at a time, 1 to 256");

static uint skip = 100;
module_param(skip, uint, 0444);
MODULE_PARM_DESC(skip, "requests before the first counted one");

static uint count = 10000;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "requests to count");

static bool writes;
module_param(writes, bool, 0444);
MODULE_PARM_DESC(writes, "write; the disk's data is lost");

#define BLOCK 4096
#define DISK_MS 20000 /* limit until the driver has found its disk */

struct slot {
	struct bio bio;
	struct bio_vec vec;
	struct page *page;
	struct llist_node done;
};

static struct slot *slots;
static LLIST_HEAD(done);
static DECLARE_WAIT_QUEUE_HEAD(ends);
static struct task_struct *thread;
static struct rnd_state rnd;
static blk_status_t failure;
static u64 n_blocks;

/* ---- requests ------------------------------------------------------------------------ */

/* Any context. */
static void on_bio_end(struct bio *bio)
{
	struct slot *s = container_of(bio, struct slot, bio);

	if (bio->bi_status)
		failure = bio->bi_status;
	llist_add(&s->done, &done);
	wake_up(&ends);
}

static void send_request(struct slot *s, struct block_device *bdev)
{
	u64 block = prandom_u32_state(&rnd) % n_blocks;

	bio_init(&s->bio, bdev, &s->vec, 1,
		 writes ? REQ_OP_WRITE | REQ_SYNC | REQ_IDLE : REQ_OP_READ);
	s->bio.bi_iter.bi_sector = block * (BLOCK >> SECTOR_SHIFT);
	s->bio.bi_end_io = on_bio_end;
	__bio_add_page(&s->bio, s->page, BLOCK, 0);
	submit_bio(&s->bio);
}

/* Sends each completed slot again, up to @total requests; returns when all have completed. */
static int run_all(struct block_device *bdev)
{
	u64 total = (u64)skip + count, sent, ended = 0, from = 0;
	struct slot *s, *next;
	struct blk_plug plug;

	blk_start_plug(&plug);
	for (sent = 0; sent < depth; sent++)
		send_request(&slots[sent], bdev);
	blk_finish_plug(&plug);
	while (ended < sent) {
		wait_event(ends, !llist_empty(&done));
		blk_start_plug(&plug);
		llist_for_each_entry_safe(s, next, llist_del_all(&done), done) {
			if (++ended == skip) {
				from = ktime_get_ns();
				mark(MARK_START);
			} else if (ended == total) {
				mark(MARK_STOP);
			}
			if (sent < total && !failure && !kthread_should_stop()) {
				send_request(s, bdev);
				sent++;
			}
		}
		blk_finish_plug(&plug);
	}
	if (ended < total)
		return failure ? blk_status_to_errno(failure) : -EINTR;
	pr_info("dde_diskload: %u requests in %llu ns\n", count, ktime_get_ns() - from);
	return 0;
}

/* ---- the disk --------------------------------------------------------------------------- */

static struct file *open_disk(void)
{
	blk_mode_t mode = BLK_OPEN_READ | (writes ? BLK_OPEN_WRITE : 0);
	unsigned long end = jiffies + msecs_to_jiffies(DISK_MS);
	struct file *file;

	do {
		file = bdev_file_open_by_dev(MKDEV(disk_major, disk_minor), mode, NULL, NULL);
		if (!IS_ERR(file) || PTR_ERR(file) != -ENXIO)
			return file;
		msleep(10);
	} while (time_before(jiffies, end) && !kthread_should_stop());
	return file;
}

static int load_disk(void *unused)
{
	struct file *file = open_disk();
	int err = PTR_ERR_OR_ZERO(file);

	if (!err) {
		n_blocks = bdev_nr_bytes(file_bdev(file)) / BLOCK;
		err = n_blocks ? run_all(file_bdev(file)) : -ENOSPC;
		fput(file);
	}
	if (err)
		pr_err("dde_diskload: failed: error %d\n", err);
	wait_event_idle(ends, kthread_should_stop());
	return 0;
}

/* ---- load --------------------------------------------------------------------------------- */

static void free_slots(void)
{
	uint i;

	for (i = 0; i < depth; i++)
		if (slots[i].page)
			__free_page(slots[i].page);
	kfree(slots);
}

static int __init dde_diskload_init(void)
{
	uint i;

	if (!depth || depth > 256 || depth > skip || !count)
		return -EINVAL;
	slots = kcalloc(depth, sizeof(*slots), GFP_KERNEL);
	if (!slots)
		return -ENOMEM;
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < depth; i++) {
		slots[i].page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!slots[i].page)
			goto no_memory;
	}
	thread = kthread_run(load_disk, NULL, "dde_diskload");
	if (!IS_ERR(thread))
		return 0;
no_memory:
	free_slots();
	return -ENOMEM;
}
module_init(dde_diskload_init);

static void __exit dde_diskload_exit(void)
{
	kthread_stop(thread);
	free_slots();
}
module_exit(dde_diskload_exit);

MODULE_DESCRIPTION("Reads and writes blocks of a disk, for benchmarks");
MODULE_LICENSE("GPL");
