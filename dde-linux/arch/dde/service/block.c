// SPDX-License-Identifier: GPL-2.0-only
/* Exports the class of disks, for the block bridge; the kernel does not. */
#include <linux/blkdev.h>

EXPORT_SYMBOL_GPL(block_class);
