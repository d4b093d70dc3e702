/* SPDX-License-Identifier: GPL-2.0-only */
/* The claim of the emu backend, for backend.c, claim.c and save.c. */
#ifndef EMU_CLAIM_H
#define EMU_CLAIM_H

#include "emu.h"

/* Deadlines of whole operations, milliseconds. Tests shorten that of open. */
extern unsigned int emu_open_ms;
#define EMU_QUIESCE_MS 2000
#define EMU_MONITOR_MS 1000
#define EMU_QUIT_MS 1000 /* then QEMU is killed: EMU_KILL_MS */

struct emu_claim {
	struct ddekit_claim base;
	struct emu_process process;
	struct emu_topology topology;
	struct qtest qt;
	struct emu_monitor monitor;
	uint64_t pool_size;
	int ram_fd, qtest_fd, monitor_fd, ivshmem_fd;
	int vector_fd[EMU_VECTORS];
};

/* claim.c: an empty claim. NULL: no memory. */
struct emu_claim *emu_claim_create(uint64_t pool_size);

/* claim.c: see struct claim_ops. */
int emu_claim_open(const struct ddekit_claim_spec *spec, struct ddekit_claim **ret, char **ret_why);
int emu_claim_handover(struct ddekit_claim *claim, struct ddekit_handover *ret);
int emu_claim_quiesce(struct ddekit_claim *claim);
int emu_claim_death_fd(struct ddekit_claim *claim);
int emu_claim_death_why(struct ddekit_claim *claim, char **ret_why);
int emu_claim_monitor(struct ddekit_claim *claim, const char *command, const char *arguments,
		      char **ret_reply);
pid_t emu_claim_pid(struct ddekit_claim *claim);
void emu_claim_close(struct ddekit_claim *claim);

/* save.c */
int emu_claim_save(struct ddekit_claim *claim, struct ddekit_claim_saved *ret);
int emu_claim_restore(const struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
		      char **ret_why);

#endif
