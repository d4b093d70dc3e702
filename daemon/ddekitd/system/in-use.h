/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who uses a device of a kernel driver: checked before it is claimed.
 *
 * Not detected: interfaces that were moved to another network namespace, and
 * mounts of other mount namespaces.
 */
#ifndef DDEKITD_IN_USE_H
#define DDEKITD_IN_USE_H

#include "lib/util.h"

/* Where to look; tests have trees of their own. */
struct inuse_roots {
	const char *sys;  /* PCISYS_ROOT */
	const char *proc; /* "/proc" */
	const char *dev;  /* "/dev" */
};

extern const struct inuse_roots inuse_system;

/* What an interface is used for: a line for each is added, such as "interface eth0
 * has the address 10.0.0.5/24". */
int inuse_interface(const struct inuse_roots *roots, const char *ifname, struct strv *uses);
/* Likewise a disk or partition. */
int inuse_disk(const struct inuse_roots *roots, const char *name, struct strv *uses);

struct inuse {
	struct strv net;   /* take-over moves them to the new interface */
	struct strv other; /* cannot be moved: mounts, swap, holders */
};

/* All uses of a PCI device. Return: 0, -ENOMEM, -errno. For inuse_finish() in any case. */
int inuse_check(const struct inuse_roots *roots, const char *bdf, struct inuse *ret);
void inuse_finish(struct inuse *uses);

#endif
