/* SPDX-License-Identifier: GPL-2.0-only */
/* The classes of devices that ddectl knows; see class-ddectl.h. */
#include <stddef.h>
#include "class-ddectl.h"

extern const struct class_show net_class_show, block_class_show;

const struct class_show *const class_shows[] = { &net_class_show, &block_class_show, NULL };
