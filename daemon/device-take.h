/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that a kernel driver has: may it be taken, and what its interface was
 * given, so that it has it again when the device is given back.  All of it does
 * nothing for a device that the kernel does not drive.
 */
#ifndef DDEKITD_DEVICE_TAKE_H
#define DDEKITD_DEVICE_TAKE_H

#include "device.h"

/* Before the claim. Return: 0; -EBUSY: somebody uses it, *ret_why tells who and what
 * to do; -errno. */
int device_take(struct device *dev, char **ret_why);
/* With take-over=yes the TAP gets MTU, addresses and routes. After it is made. */
void device_take_over(struct device *dev);
/* After the claim is closed: the kernel's interface gets back what it had. Waits up
 * to 2 s for it. */
void device_give_back(struct device *dev);

#endif
