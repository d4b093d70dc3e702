/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emu backend: QEMU as a collection of devices.  No guest code runs; the driver
 * host is the CPU.  Private to backend/emu/.
 *
 *   qemu/       QEMU: machine, command line, process, channels
 *   topology.c  ECAM, bus numbers, the state to restore after a reset
 *   claim.c     the privileged half: open, handover, quiesce, close
 *   save.c      passes a claim to another process
 *   constants.c the part of config space that never changes
 *   quirk.c     differences between QEMU's models and the devices
 *   lines.c     vectors and INTx lines
 *   adopt.c     the unprivileged half
 *   backend.c   both halves as one table
 */
#ifndef EMU_H
#define EMU_H

#include <pthread.h>
#include <sys/types.h>
#include "../../backend.h"
#include "qemu/qemu.h"
#include "qemu/qtest.h"

/* ---- handover ------------------------------------------------------------- */

#define EMU_BLOB_MAGIC 0x32756d65u /* "emu2" */

/* The fds of a handover, in order. */
enum { EMU_FD_RAM, EMU_FD_QTEST, EMU_FD_VECTORS };

#define EMU_MAX_FUNCTIONS 32
#define EMU_MAX_CONSTANTS 256

/* A register of which the bits in mask never change. */
struct emu_constant {
	uint8_t bus, devfn;
	uint16_t reg; /* a multiple of 4 */
	uint32_t mask, value;
};

/* A bridge of the root bus. */
struct emu_bridge {
	uint8_t devfn, secondary;
};

struct emu_constants {
	uint32_t n, n_bridges;
	uint32_t renumbered; /* bit per bridge; not 0: read from the device */
	uint8_t present[32]; /* of the root bus: bit per function of each slot */
	struct emu_bridge bridge[EMU_MAX_FUNCTIONS];
	struct emu_constant at[EMU_MAX_CONSTANTS];
};

struct emu_blob {
	uint32_t magic;
	uint32_t n_vectors;
	uint32_t lines; /* levels of the I/O APIC's inputs */
	uint32_t zero;
	struct emu_constants constants;
};

/* ---- topology.c ----------------------------------------------------------- */

/* A function and its config space as it was after the claim. */
struct emu_function {
	uint8_t bus, devfn;
	bool bridge;
	uint8_t secondary;
	uint32_t config[1024];
};

struct emu_topology {
	unsigned int n;
	struct emu_function *fn[EMU_MAX_FUNCTIONS];
};

/* Enables ECAM, numbers the buses, saves the state. Return: 0, -EIO, -ENOMEM, -ENODEV with a
 * message in *ret_why. */
int emu_topology_init(struct emu_topology *t, struct qtest *q, char **ret_why);
/* Stops all DMA, resets every bus behind a bridge, and restores the saved state.
 * Return: 0, -EIO. */
int emu_topology_reset(struct emu_topology *t, struct qtest *q);
void emu_topology_finish(struct emu_topology *t);

/* ---- constants.c ---------------------------------------------------------- */

/* Collects the constants of a topology; those beyond the table's size are left out. */
void emu_constants_make(struct emu_constants *c, const struct emu_topology *t);
/* True: there is certainly no such function. */
bool emu_constants_absent(const struct emu_constants *c, uint8_t bus, uint8_t devfn);
/* Return: true, *ret is the value of an aligned register of 1, 2 or 4 bytes. */
bool emu_constants_find(const struct emu_constants *c, uint8_t bus, uint8_t devfn, uint32_t reg,
			uint32_t size, uint32_t *ret);
/* To be called before a write to config space: bus numbers may change. */
void emu_constants_saw_write(struct emu_constants *c, uint8_t bus, uint8_t devfn, uint32_t reg,
			     uint32_t size, uint32_t value);

/* ---- adopted device ------------------------------------------------------- */

struct emu_quirk;

#define EMU_MAX_QUIRKS 8

/* A quirk of a function that is present. */
struct emu_quirk_user {
	const struct emu_quirk *quirk;
	uint8_t bus, devfn;
	uint64_t bar; /* its address; 0: not assigned */
};

struct emu_pci {
	struct ddekit_pci base;
	pthread_mutex_t lock; /* protects all below */
	struct qtest qt;
	struct ddekit_pci_stats stats; /* without messages and syscalls */
	int ram_fd, qtest_fd;
	unsigned int n_vectors;
	uint64_t vectors_used; /* bit per vector */
	struct ddekit_irq vector[EMU_VECTORS];
	struct ddekit_irq line[EMU_LINES];
	uint32_t unmasked; /* bit per line */
	bool strict;       /* each write is waited for */
	unsigned int n_quirks;
	struct emu_quirk_user quirk[EMU_MAX_QUIRKS];
	struct emu_constants constants; /* its bitmap of functions needs no lock */
};

static inline struct emu_pci *to_emu(struct ddekit_pci *pci)
{
	return (struct emu_pci *)pci;
}

/* lines.c */
void emu_lines_init(struct emu_pci *e, const int *eventfds);
void emu_lock(struct emu_pci *e);
/* Releases the lock, then calls the handlers of lines that have become asserted. */
void emu_unlock(struct emu_pci *e);
int emu_irq_vectors(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, enum ddekit_irq_kind kind,
		    unsigned int index, unsigned int count, struct ddekit_irq **ret);
int emu_irq_line(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin, struct ddekit_irq **ret);
void emu_irq_mask(struct ddekit_irq *irq, bool masked);
void emu_irq_free(struct ddekit_irq *irq);

/* quirk.c; all locked */
/* A function's id was read, or its config space written: track the functions that have
 * quirks. */
void emu_quirk_saw_id(struct emu_pci *e, uint8_t bus, uint8_t devfn, uint32_t id);
void emu_quirk_saw_write(struct emu_pci *e, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
			 uint32_t value);
/* A memory read returned value. */
void emu_quirk_after_read(struct emu_pci *e, uint64_t addr, uint32_t size, uint64_t value);

/* adopt.c, claim.c */
int emu_adopt(const struct ddekit_handover *h, struct ddekit_pci **ret);
int emu_config_read(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
		    uint32_t *ret);
int emu_config_write(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
		     uint32_t size, uint32_t value);
int emu_map(struct ddekit_pci *pci, uint64_t addr, uint64_t len, volatile void **ret_cpu);
void emu_unmap(struct ddekit_pci *pci, volatile void *cpu, uint64_t len);
uint64_t emu_read(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size);
void emu_write(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size,
	       uint64_t value);
void emu_flush(struct ddekit_pci *pci);
int emu_service(struct ddekit_pci *pci);
void emu_stats(struct ddekit_pci *pci, struct ddekit_pci_stats *ret);
void emu_close(struct ddekit_pci *pci);

#endif
