// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block bridge, kernel half: the driver's disks.  The driver core says when one is added
 * or taken away; a work does the rest, because both happen under locks that opening a
 * disk needs.
 */
#include <linux/device/class.h>
#include <linux/file.h>
#include <linux/pci.h>
#include "kern.h"

#define NOT_YET 1 /* jiffies: a disk that is being added */
#define CLOSING msecs_to_jiffies(10)
#define GRACE (20 * HZ) /* for disks of a former life, after the attach */

static int disk_added(WATCH_ARGS)
{
	WRITE_ONCE(bridge.scan, true);
	mod_delayed_work(system_wq, &bridge.disk_work, 0);
	return 0;
}

static void disk_removed(WATCH_ARGS)
{
	unsigned int i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		if (READ_ONCE(bridge.disk[i].gd) == dev_to_disk(dev))
			WRITE_ONCE(bridge.disk[i].removed, true);
	mod_delayed_work(system_wq, &bridge.disk_work, 0);
}

static struct class_interface disk_watch = {
	.class = &block_class,
	.add_dev = disk_added,
	.remove_dev = disk_removed,
};

/* ---- the ring's description ----------------------------------------------------- */

static u32 disk_flags(struct gendisk *gd)
{
	struct block_device *bdev = gd->part0;

	return DDE_BLOCK_D_PRESENT | (get_disk_ro(gd) ? DDE_BLOCK_D_READ_ONLY : 0) |
	       (bdev_nonrot(bdev) ? 0 : DDE_BLOCK_D_ROTATIONAL) |
	       (bdev_write_cache(bdev) ? DDE_BLOCK_D_WRITE_CACHE : 0) |
	       (bdev_fua(bdev) ? DDE_BLOCK_D_FUA : 0);
}

static void describe(struct gendisk *gd, struct dde_block_disk *d)
{
	struct block_device *bdev = gd->part0;

	memset(d, 0, sizeof(*d));
	disk_identify(gd, d);
	d->flags = disk_flags(gd);
	d->bytes = get_capacity(gd) << SECTOR_SHIFT;
	d->logical_block = bdev_logical_block_size(bdev);
	d->physical_block = bdev_physical_block_size(bdev);
	d->io_min = bdev_io_min(bdev);
	d->io_opt = bdev_io_opt(bdev);
	d->max_bytes = min_t(u64, (u64)queue_max_hw_sectors(gd->queue) << SECTOR_SHIFT,
			     DDE_BLOCK_SLOT_BYTES);
	d->max_discard_bytes = (u64)bdev_max_discard_sectors(bdev) << SECTOR_SHIFT;
	d->discard_granularity = d->max_discard_bytes ? bdev_discard_granularity(bdev) : 0;
	d->max_zeroes_bytes = (u64)bdev_write_zeroes_sectors(bdev) << SECTOR_SHIFT;
}

/* Into the ring, whose readers look at sequence before and after. */
static void publish(struct bridge *b, unsigned int i, const struct dde_block_disk *d)
{
	struct dde_block_disk *to = &b->ring->disk[i];
	u32 seq = (READ_ONCE(to->sequence) | 1) + 2;
	const size_t head = sizeof(to->sequence);

	__atomic_store_n(&to->sequence, seq, __ATOMIC_SEQ_CST);
	memcpy((char *)to + head, (const char *)d + head, sizeof(*d) - head);
	__atomic_store_n(&to->sequence, seq + 1 ?: 2, __ATOMIC_SEQ_CST);
}

static void report_event(struct bridge *b, u32 event, unsigned int i)
{
	struct disk *disk = &b->disk[i];
	struct dde_block_disk d = { 0 };
	unsigned long flags;

	if (event == DDE_BLOCK_GONE) {
		memcpy(&d, &b->ring->disk[i], sizeof(d));
		d.name[sizeof(d.name) - 1] = 0;
		d.flags = 0;
	} else {
		describe(disk->gd, &d);
		disk->capacity = d.bytes;
		disk->read_only = d.flags & DDE_BLOCK_D_READ_ONLY;
	}
	publish(b, i, &d);
	local_irq_save(flags);
	b->down->event(b->down, event, i, disk->driver, &d);
	local_irq_restore(flags);
}

/* ---- an index for a disk --------------------------------------------------------- */

static bool same(const char *a, const char *b, size_t size)
{
	return !strncmp(a, b, size);
}

static bool same_disk(const struct dde_block_disk *was, const struct dde_block_disk *is)
{
	if (is->wwid[0])
		return same(was->wwid, is->wwid, sizeof(is->wwid));
	return !was->wwid[0] && same(was->serial, is->serial, sizeof(is->serial)) &&
	       same(was->name, is->name, sizeof(is->name));
}

/* Does a request that is not done name the disk? */
static bool named(struct bridge *b, unsigned int disk)
{
	const struct dde_block_slot *s = b->ring->slot;
	unsigned int n;

	for (n = 0; n < DDE_BLOCK_SLOTS; n++, s++) {
		u32 state = READ_ONCE(s->state);

		if ((state == DDE_BLOCK_SUBMITTED || state == DDE_BLOCK_ISSUED) &&
		    READ_ONCE(s->disk) == disk)
			return true;
	}
	return false;
}

/* Its former index, or one that no disk ever had, or that of a disk that has gone. */
static int find_index(struct bridge *b, const struct dde_block_disk *d)
{
	int i, unused = -ENOSPC, left = -ENOSPC;

	for (i = DDE_BLOCK_DISKS - 1; i >= 0; i--) {
		if (b->disk[i].gd || b->disk[i].opened)
			continue;
		if (!READ_ONCE(b->ring->disk[i].sequence))
			unused = i;
		else if (same_disk(&b->ring->disk[i], d))
			return i;
		else if (b->disk[i].gone && !named(b, i))
			left = i;
	}
	return unused >= 0 ? unused : left;
}

/* ---- coming and going ------------------------------------------------------------- */

static int open_disk(struct gendisk *gd, struct disk *d)
{
	blk_mode_t mode = BLK_OPEN_READ | BLK_OPEN_WRITE;
	struct opened_disk *opened = opened_disk_get(disk_devt(gd), mode, &bridge);

	if (IS_ERR(opened) && (PTR_ERR(opened) == -EACCES || PTR_ERR(opened) == -EROFS)) {
		mode = BLK_OPEN_READ;
		opened = opened_disk_get(disk_devt(gd), mode, &bridge);
	}
	if (IS_ERR(opened))
		return PTR_ERR(opened);
	d->opened = opened;
	d->mode = mode;
	return 0;
}

static void close_disk(struct disk *d)
{
	if (!d->opened)
		return;
	opened_disk_put(d->opened, d->mode);
	d->opened = NULL;
}

static int disk_open(struct bridge *b, struct gendisk *gd)
{
	struct dde_block_disk *is = kzalloc(sizeof(*is), GFP_KERNEL);
	struct disk *d;
	int i, err;

	if (!is)
		return -ENOMEM;
	describe(gd, is);
	i = find_index(b, is);
	kfree(is);
	if (i < 0) {
		pr_err("dde_block: %s: more than %u disks\n", gd->disk_name, DDE_BLOCK_DISKS);
		return i;
	}
	d = &b->disk[i];
	err = open_disk(gd, d);
	if (err) {
		pr_err("dde_block: %s: cannot be opened: %d\n", gd->disk_name, err);
		return err;
	}
	d->removed = d->gone = false;
	disk_driver(gd, d->driver, sizeof(d->driver));
	WRITE_ONCE(d->gd, gd);
	WRITE_ONCE(b->disks_end, max_t(unsigned int, b->disks_end, d - b->disk + 1));
	report_event(b, DDE_BLOCK_PRESENT, i);
	d->reported = true;
	return 0;
}

static bool have(struct bridge *b, const struct gendisk *gd)
{
	unsigned int i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		if (b->disk[i].gd == gd)
			return true;
	return false;
}

/* Of a PCI device, not one that the kernel makes of nothing. */
static bool of_device(const struct gendisk *gd)
{
	const struct device *dev = disk_to_dev((struct gendisk *)gd);

	while (dev && !dev_is_pci(dev))
		dev = dev->parent;
	return dev;
}

/* Return: is there one that is not ready yet? */
static bool scan(struct bridge *b)
{
	struct class_dev_iter iter;
	struct device *dev;
	bool again = false;

	class_dev_iter_init(&iter, &block_class, NULL, NULL);
	while ((dev = class_dev_iter_next(&iter))) {
		struct gendisk *gd = dev_to_disk(dev);

		if (bdev_is_partition(dev_to_bdev(dev)) || gd->flags & GENHD_FL_HIDDEN ||
		    !of_device(gd) || have(b, gd))
			continue;
		if (!disk_live(gd) || !test_bit(GD_ADDED, &gd->state))
			again |= !test_bit(GD_DEAD, &gd->state);
		else if (get_capacity(gd))
			disk_open(b, gd);
	}
	class_dev_iter_exit(&iter);
	return again;
}

/* New requests for the disk fail from now on; those in flight are the driver's to end. */
static void disk_close(struct bridge *b, unsigned int i)
{
	struct disk *d = &b->disk[i];

	d->gone = true;
	WRITE_ONCE(d->gd, NULL);
	report_event(b, DDE_BLOCK_GONE, i);
	io_kick();
}

/* Return: is there something to close that is still in use? */
static bool look_after(struct bridge *b, unsigned int i)
{
	struct disk *d = &b->disk[i];

	if (d->gd && d->removed)
		disk_close(b, i);
	else if (d->gd && (get_capacity(d->gd) << SECTOR_SHIFT != d->capacity ||
			   get_disk_ro(d->gd) != d->read_only))
		report_event(b, DDE_BLOCK_CHANGED, i);
	if (d->gd || !d->opened)
		return false;
	if (io_busy(i))
		return true;
	synchronize_rcu(); /* disks_idle() */
	close_disk(d);
	return false;
}

/* Disks that were there before and did not come back. */
static void end_grace(struct bridge *b)
{
	unsigned int i;

	b->grace = false;
	for (i = 0; i < DDE_BLOCK_DISKS; i++) {
		const struct dde_block_disk *was = &b->ring->disk[i];

		if (!b->disk[i].gd && !b->disk[i].gone && READ_ONCE(was->sequence))
			disk_close(b, i);
	}
}

static void grace_over(struct work_struct *work)
{
	mutex_lock(&bridge.lock);
	if (bridge.ring && bridge.grace)
		end_grace(&bridge);
	mutex_unlock(&bridge.lock);
}

static DECLARE_DELAYED_WORK(grace_work, grace_over);

static void disks_look(struct work_struct *work)
{
	struct bridge *b = &bridge;
	bool busy = false, again = false;
	unsigned int i;

	mutex_lock(&b->lock);
	if (b->ring) {
		for (i = 0; i < DDE_BLOCK_DISKS; i++)
			busy |= look_after(b, i);
		if (xchg(&b->scan, false))
			again = scan(b);
		if (again)
			b->scan = true;
	}
	io_kick();
	mutex_unlock(&b->lock);
	if (again || busy)
		mod_delayed_work(system_wq, &b->disk_work, again ? NOT_YET : CLOSING);
	wake_up_all(&b->changed);
}

void disks_idle(struct bridge *b)
{
	unsigned int i, end = READ_ONCE(b->disks_end);

	for (i = 0; i < end; i++) {
		const struct disk *d = &b->disk[i];
		struct gendisk *gd = READ_ONCE(d->gd);

		if (gd && d->reported &&
		    (get_capacity(gd) << SECTOR_SHIFT != d->capacity ||
		     get_disk_ro(gd) != d->read_only)) {
			mod_delayed_work(system_wq, &b->disk_work, 0);
			return;
		}
	}
}

/* ---- life --------------------------------------------------------------------------- */

bool disks_any(struct bridge *b)
{
	unsigned int i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		if (READ_ONCE(b->disk[i].gd))
			return true;
	return false;
}

void disks_attach(struct bridge *b)
{
	unsigned int i;

	mutex_lock(&b->lock);
	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		b->disk[i] = (struct disk){ 0 };
	b->ring = b->down->ring;
	b->grace = true;
	b->scan = true;
	mutex_unlock(&b->lock);
	mod_delayed_work(system_wq, &grace_work, GRACE);
	mod_delayed_work(system_wq, &b->disk_work, 0);
	flush_delayed_work(&b->disk_work);
}

/* The disks are not reported gone: a restart follows, or the host knows. */
void disks_detach(struct bridge *b)
{
	unsigned int i;

	cancel_delayed_work_sync(&grace_work);
	mutex_lock(&b->lock);
	b->ring = NULL;
	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		WRITE_ONCE(b->disk[i].gd, NULL);
	synchronize_rcu();
	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		close_disk(&b->disk[i]);
	mutex_unlock(&b->lock);
	cancel_delayed_work_sync(&b->disk_work);
}

int disks_init(void)
{
	INIT_DELAYED_WORK(&bridge.disk_work, disks_look);
	return class_interface_register(&disk_watch);
}

void disks_finish(void)
{
	class_interface_unregister(&disk_watch);
	cancel_delayed_work_sync(&bridge.disk_work);
}
