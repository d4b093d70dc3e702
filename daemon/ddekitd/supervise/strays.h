/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes of the unit's control group that no ddekitd knows.  KillMode=process leaves them
 * alive: an honest driver host ends when its socket is closed, a hostile one keeps device, TAP
 * and DMA.
 */
#ifndef DDEKITD_STRAYS_H
#define DDEKITD_STRAYS_H

#include "state/fd-store.h"

/* At the start, before anything is taken from the store or started: ends the members that have
 * no pidfd in the store, nor does the leader of their session. Does nothing unless systemd has
 * started this process. */
void strays_end_unknown(const struct fdstore *store);

/* As ExecStopPost=: ends all members, unless a restart follows. Waits up to 5 s for their end.
 * Return: 0, -EBUSY: some live on, -EPERM: it is not ExecStopPost=, -errno. */
int strays_end_all(void);

/* Likewise for @unit, which has failed or is inactive, and has no job; else does nothing. Return:
 * 0, -EBUSY, -EINVAL: not a unit of ddekitd, -errno. */
int strays_end_unit(const char *unit);

#endif
