/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-blockring's parts: a supervisor with one emulated device and its driver host,
 * and the front half of a ring.  They die() on what is not to be expected.
 */
#ifndef DDEKIT_TOOLS_BLOCKRING_H
#define DDEKIT_TOOLS_BLOCKRING_H

#include <ddekit/pci.h>
#include <sys/types.h>
#include "daemon/protocol/host.h"
#include "drivers/bridges/block/protocol.h"

struct rig {
	/* options */
	const char *build;		/* the build folder */
	const char *driver;
	const char *device;
	const char *drive;		/* file; NULL: none */
	const char *drive_options;
	const char *args[17];		/* of QEMU; NULL ends */
	bool sandbox;
	/* state */
	struct ddekit_claim *claim;
	struct dde_block_ring *ring;
	int memory, kick, done;		/* memfd; to the back; from it */
	int socket;
	pid_t host;
	uint32_t seq;
};

/* blockring-host.c */
void rig_claim(struct rig *rig);
/* Starts a driver host and waits until it is ready. */
void rig_start(struct rig *rig);
/* Orderly. */
void rig_stop(struct rig *rig);
/* SIGKILL, and the device made quiet: what was issued cannot reach the medium now. */
void rig_kill(struct rig *rig);
void rig_reload(struct rig *rig);
/* Prints what the host says; waits for at most ms for a message of type
 * and event (of PROTO_STATE, PROTO_EXPORT). */
bool rig_listen(struct rig *rig, uint32_t type, uint32_t event, int ms);

/* blockring-ring.c */
void ring_make(struct rig *rig);
/* The slot's data. */
void *ring_data(struct rig *rig, unsigned int slot);
/* Fills slot n, which is free, and submits it; the back is told by ring_kick(). */
void ring_submit(struct rig *rig, unsigned int n, struct dde_block_slot request);
void ring_kick(struct rig *rig);
/* Waits for at most ms for something to be done. Return: is there? */
bool ring_wait(struct rig *rig, int ms);
/* Takes one that is done: -1: none; else its number, *ret_result, and it is free. */
int ring_take(struct rig *rig, int *ret_result);
/* One request, from its submission to its result. */
int ring_do(struct rig *rig, struct dde_block_slot request);

#endif
