// SPDX-License-Identifier: GPL-2.0-only
/* What the block bridge needs and the kernel keeps to itself: a way to find disks. */
#include <linux/blkdev.h>

EXPORT_SYMBOL_GPL(block_class);
