/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of ddekit-blockring: a supervisor with one emulated device and its driver host, and the
 * front half of a ring.  They call die() on unexpected events.
 */
#ifndef DDEKIT_TOOLS_BLOCKRING_H
#define DDEKIT_TOOLS_BLOCKRING_H

#include <ddekit/pci.h>
#include <sys/types.h>
#include "daemon/protocol/host.h"
#include "drivers/bridges/block/protocol.h"

struct rig {
	/* options */
	const char *build; /* the build folder */
	const char *driver;
	const char *device;
	const char *drive; /* file; NULL: none */
	const char *drive_options;
	const char *args[17]; /* for QEMU; NULL-terminated */
	bool sandbox;
	/* state */
	struct ddekit_claim *claim;
	struct dde_block_ring *ring;
	int memory, kick, done; /* memfd; eventfds to and from the back */
	int socket;
	pid_t host;
	uint32_t seq;
};

/* blockring-host.c */
void rig_claim(struct rig *rig);
/* Starts a driver host and waits until it is ready. */
void rig_start(struct rig *rig);
/* Stops the driver host by a request. */
void rig_stop(struct rig *rig);
/* SIGKILL, then quiesces the device: issued requests can no longer reach the medium. */
void rig_kill(struct rig *rig);
void rig_reload(struct rig *rig);
/*
 * Prints the driver host's messages; waits for at most ms for one of type and event (of
 * PROTO_STATE, PROTO_EXPORT).
 */
bool rig_listen(struct rig *rig, uint32_t type, uint32_t event, int ms);

/* blockring-ring.c */
void ring_make(struct rig *rig);
/* Return: the slot's data. */
void *ring_data(struct rig *rig, unsigned int slot);
/* Fills the free slot n and submits it; ring_kick() notifies the back. */
void ring_submit(struct rig *rig, unsigned int n, struct dde_block_slot request);
void ring_kick(struct rig *rig);
/* Waits for at most ms for a completed slot.  Return: whether there is one. */
bool ring_wait(struct rig *rig, int ms);
/* Frees a completed slot.  Return: its number, with *ret_result; -1 if there is none. */
int ring_complete(struct rig *rig, int *ret_result);
/* Submits one request and waits.  Return: its result. */
int ring_do(struct rig *rig, struct dde_block_slot request);

#endif
