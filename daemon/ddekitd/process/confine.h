/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Confinement of a driver host before its program starts, which needs the rights of
 * ddekitd: a user of its own, namespaces, limits.  The host confines itself further in
 * driver-host/sandbox.c.
 */
#ifndef DDEKITD_CONFINE_H
#define DDEKITD_CONFINE_H

#include <sys/types.h>

#include "config/config.h"

/* The users of driver hosts: one for each PCI address. systemd and Debian leave
 * these numbers alone (systemd's "Users, Groups, UIDs and GIDs"). */
#define CONFINE_FIRST_UID 0x70000000u
#define CONFINE_LAST_UID 0x77ffffffu
/* Added to get the user of the device's front. */
#define CONFINE_FRONT_UIDS 0x08000000u
/* Added to get the user of an emulated device's QEMU. */
#define CONFINE_QEMU_UIDS 0x01000000u

struct confine {
	uid_t uid; /* 0: the process stays the caller's */
	gid_t gid;
	bool own_user; /* nobody else has that uid */
	bool namespaces;
	bool user_namespace;    /* its own, made as it starts */
	bool network;           /* that of ddekitd, not an empty one */
	int rules;              /* of Landlock (landlock.h); 0: none */
	uint64_t memory;        /* bytes of private memory; 0: no limit */
	uint64_t address_space; /* bytes; 0: no limit */
	bool core;              /* a core dump is wanted */
	bool files;             /* it may write some */
	bool privileged;        /* it needs root, and confines itself */
	uint32_t threads;       /* at most, of the process's own user; 0: as of a host */
	uint32_t open_files;    /* at most; 0: as of a host */
};

/**
 * confine_init - what the host of a device is to get
 * @uid, @gid: those of user=, for a host that cannot have its own
 */
void confine_init(const struct device_config *dev, uid_t uid, gid_t gid, struct confine *ret);
/* What the front of a device (block/) is to get: another user than the host's. */
void confine_front(const struct device_config *dev, uid_t uid, gid_t gid, struct confine *ret);
/* What the QEMU of an emulated device is to get. Who is not root gets namespaces by one for
 * users, if there is any. */
void confine_qemu(const struct device_config *dev, uid_t uid, gid_t gid, bool network,
		  struct confine *ret);
/* The user of the driver host of a device; 0: its domain has none. */
uid_t confine_uid(struct ddekit_bdf bdf);
/* Makes the namespaces of driver hosts, once per process; logs what cannot be had. Waits for
 * the kernel's network lock: before the event loop runs. */
void confine_open(void);
/* Logs what a process cannot have, once. Before fork(). */
void confine_prepare(const struct confine *c);
/* In the new process, before exec; the last of its kind. System calls alone: the process may be
 * the copy of one with threads. Return: 0, -errno. */
int confine_enter(const struct confine *c);

#endif
