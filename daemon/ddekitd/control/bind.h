/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a bind: its drop-in is kept or thrown away. */
#ifndef DDEKITD_BIND_H
#define DDEKITD_BIND_H

#include "device/device.h"

/* The device's state has changed; it may be the one that decides. */
void bind_settled(struct device *dev);

#endif
