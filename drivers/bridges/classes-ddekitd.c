/* SPDX-License-Identifier: GPL-2.0-only */
/* The classes of devices that ddekitd knows; see class-ddekitd.h. */
#include <stddef.h>
#include "class-ddekitd.h"

extern const struct class_ops net_class_ops, block_class_ops;

const struct class_ops *const class_ops[] = { &net_class_ops, &block_class_ops, NULL };
