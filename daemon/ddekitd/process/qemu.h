/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Confinement of the QEMU of an emulated device. libddekit starts it; it is treated as hostile,
 * because a hostile driver host can attack it.
 */
#ifndef DDEKITD_QEMU_H
#define DDEKITD_QEMU_H

#include "confine.h"

struct qemu_confine {
	struct confine confine;
};

/**
 * qemuconfine_open - what QEMU is to get
 * @uid, @gid: those of user=, for a QEMU that cannot have its own; 0: ddekitd is not root
 * @notes:     lines for the log are added: what it does not get
 *
 * Opens paths of the configuration: may block. Return: 0, -errno.
 */
int qemuconfine_open(const struct device_config *dev, uid_t uid, gid_t gid,
		     struct qemu_confine *ret, struct strv *notes);
/* The hook of struct ddekit_claim_spec: runs in QEMU's process. Return: 0, -errno. */
int qemuconfine_enter(void *confine);
void qemuconfine_close(struct qemu_confine *c);
/* Does it open IP sockets? Others have an empty network namespace. */
bool qemuconfine_needs_network(const struct device_config *dev);

#endif
