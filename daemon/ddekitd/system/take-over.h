/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that a kernel driver has: may it be claimed, and which settings does its interface
 * have, to restore them when the device is released.  All of it does nothing for a device
 * that the kernel does not drive.
 *
 * Any thread: these are parts of a device's jobs, and touch nothing but their arguments.
 * All may wait for the kernel's network lock.  @notes gets a line for each thing that did
 * not work, for the log.
 */
#ifndef DDEKITD_TAKE_OVER_H
#define DDEKITD_TAKE_OVER_H

#include "config/config.h"

struct netsave;

/**
 * takeover_check - before the claim: is the device free, and what was its interface given?
 * @force:     claim it whoever uses it
 * @ret_saved: untouched if the kernel has no interface for the device
 *
 * Return: 0; -EBUSY: somebody uses it, *ret_why says who and what to do; -errno.
 */
int takeover_check(const struct device_config *config, bool force, struct netsave **ret_saved,
		   struct strv *notes, char **ret_why);
/* With take-over=yes: the TAP gets MTU, addresses and routes. */
void takeover_apply(const struct netsave *saved, int tap, struct strv *notes);
/* After the claim is closed: the kernel's interface gets back what it had. Waits up to
 * 10 s for that interface. */
void takeover_return(const char *bdf, const struct netsave *saved, struct strv *notes);

#endif
