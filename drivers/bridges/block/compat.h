/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernels call by different names; the bridge is written for 6.12's. Kernel world. */
#ifndef DDE_BLOCK_COMPAT_H
#define DDE_BLOCK_COMPAT_H

#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/sysfs.h>
#include <asm/dde/compat.h>

/* An open disk. Closing it is complete at the return: else the driver would still be in use. */
#if DDE_SINCE(6, 9)
#define opened_disk file
#define opened_disk_get(dev, mode, by) bdev_file_open_by_dev(dev, mode, by, NULL)
#define opened_disk_put(opened, mode) (bdev_fput(opened), flush_delayed_fput())
#else
#define opened_disk block_device
#define blk_mode_t fmode_t
#define BLK_OPEN_READ (FMODE_READ | FMODE_EXCL)
#define BLK_OPEN_WRITE FMODE_WRITE
#define opened_disk_get(dev, mode, by) blkdev_get_by_dev(dev, mode, by)
#define opened_disk_put(opened, mode) blkdev_put(opened, mode)
#endif

#if DDE_SINCE(6, 19)
#define bdev_nonrot(bdev) (!bdev_rot(bdev))
#endif

#if DDE_SINCE(6, 13)
#define __blkdev_issue_discard(...) ((__blkdev_issue_discard)(__VA_ARGS__), 0)
#endif

/* Arguments of a class interface's functions. */
#if DDE_SINCE(6, 4)
#define WATCH_ARGS struct device *dev
#else
#define WATCH_ARGS struct device *dev, struct class_interface *watch
#endif

#ifndef SYSFS_GROUP_INVISIBLE /* before 6.8 */
#define SYSFS_GROUP_INVISIBLE 0
#endif

#endif
