/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI devices, in two steps split by privilege:
 *
 *   claim   a privileged process (ddekitd) takes the device: it opens VFIO or
 *           UIO files, or starts QEMU.  It can reset the device and give it
 *           back, and it makes a handover: a blob and file descriptors.
 *   adopt   the unprivileged driver host makes a struct ddekit_pci of a
 *           handover and drives the device with it.
 *
 * The backends ("emu"; "vfio" and "uio" join it) stand in one table in pci.c.
 */
#ifndef DDEKIT_PCI_H
#define DDEKIT_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <ddekit/bdf.h>

/* Address types: never mixed. */
typedef struct { uint64_t v; } ddekit_iova;	/* what a device uses */
typedef struct { uint64_t v; } ddekit_phys;	/* the runtime's physical address */
typedef struct { uint64_t v; } ddekit_busaddr;	/* in a BAR */

/* ---- claim (privileged) ------------------------------------------------- */

/*
 * Functions of a claim may be called from any thread, also from one that ends before the
 * claim does, but one at a time per claim.  Those of different claims do not disturb each
 * other.  They start processes (QEMU, modprobe): no thread may change the environment
 * meanwhile, or reap children that are not its own, and a process that is forked meanwhile
 * must exec, or close what it inherited.  How long they block:
 *
 *		emu			vfio, uio
 *	open	15 s at most		as long as the kernel's driver takes to release
 *					the device: some 100 ms as a rule, no limit
 *	quiesce	2 s at most; 1 to 3 ms	as long as the kernel's reset takes: 0.1 s, up to a
 *		as a rule		minute for a device that does not come back
 *	monitor	1 s at most		not at all
 *	close	2 s at most		as quiesce and open together
 *
 * On emu these are deadlines of the whole call, whatever QEMU and dead driver hosts do; an
 * open that fails may take a second more for QEMU's end.  All others do not block.
 */
struct ddekit_claim;

#define DDEKIT_DRIVER_NAME 64

/* Which driver of the host's kernel had a device before its claim. Plain data. */
struct ddekit_before {
	bool changed;			/* false: it had the wanted driver already, or the
					 * host's kernel does not know the device */
	char driver[DDEKIT_DRIVER_NAME];	/* empty: none */
	char override[DDEKIT_DRIVER_NAME];	/* empty: none */
};

struct ddekit_claim_spec {
	struct ddekit_bdf bdf;
	const char *backend;		/* "emu", "vfio", "uio" */
	uint64_t pool_size;		/* bytes, a multiple of 4 MiB */
	struct ddekit_before before;	/* of a claim that was lost: if the backend's driver has
					 * the device already, this one gets it back */
	/* emu: the rest is for it alone */
	const char *emu_device;		/* QEMU -device argument: "e1000e", "nvme,serial=x" */
	const char *emu_netdev;		/* QEMU -netdev argument without id: "user", "tap,fd=…" */
	const char *emu_drive;		/* the device's disk: QEMU -drive options without id, if
					 * and file, "format=raw"; NULL: none */
	int emu_drive_fd;		/* its file, open as the drive is to be; also in emu_fds */
	const char *const *emu_args;	/* further QEMU arguments, NULL ends, may be NULL */
	const int *emu_fds;		/* fds that QEMU inherits under their own number, -1 ends */
	uid_t uid;			/* QEMU runs as this user if the caller is root; 0: as is */
	gid_t gid;
};

#define DDEKIT_HANDOVER_FDS 160
#define DDEKIT_HANDOVER_BLOB 4096

/* What the driver host needs to adopt the device.  Plain data: can be sent as
 * it is between processes of the same build; the fds by SCM_RIGHTS. */
struct ddekit_handover {
	uint32_t version;		/* DDEKIT_HANDOVER_VERSION */
	uint32_t n_fds;
	char backend[16];
	struct ddekit_bdf bdf;
	uint64_t pool_base;		/* where the pool must be mapped (phys == IOVA) */
	uint64_t pool_size;
	uint64_t pool_offset;		/* of the pool in its file */
	uint32_t pool_fd;		/* index into fds */
	uint32_t blob_len;
	uint8_t blob[DDEKIT_HANDOVER_BLOB];	/* the backend's own */
	int fds[DDEKIT_HANDOVER_FDS];	/* borrowed from the claim */
};

#define DDEKIT_HANDOVER_VERSION 1u

/**
 * ddekit_claim_open - take a device
 * @spec:    borrowed for the call
 * @ret:     written only on success
 * @ret_why: on failure a message naming cause and next step, to be freed by
 *           the caller; may be NULL
 *
 * Blocks, see above.
 * Return: 0, -ENODEV, -EBUSY, -EPERM, -ENOENT (unknown backend, no QEMU), -ETIMEDOUT, …
 */
int ddekit_claim_open(const struct ddekit_claim_spec *spec,
		      struct ddekit_claim **ret, char **ret_why);
/* For a new driver host, after the last one's death and ddekit_claim_quiesce(). Fills
 * @ret, whose fds stay the claim's; those that a host can make block are new each time,
 * and closed by the next handover, quiesce or close. Return: 0, -errno. */
int ddekit_claim_handover(struct ddekit_claim *claim, struct ddekit_handover *ret);
/**
 * ddekit_claim_quiesce - stop the device after its driver has died
 * Bus mastering off, interrupts off, reset. The pool is emptied where that costs
 * nothing (emu); the runtime clears what it uses. No process may have the
 * handover in use. Blocks, see above.
 * Return: 0; -EIO (device dead); -ETIMEDOUT: emu: QEMU does not answer, or is busy with
 * what the driver left to it: this claim stays so and is to be closed, another can be
 * opened.
 */
int ddekit_claim_quiesce(struct ddekit_claim *claim);
/* A fd that becomes readable (or hung up) when the device itself dies, such as
 * the pidfd of QEMU; -1 if the backend has none. Borrowed. */
int ddekit_claim_death_fd(struct ddekit_claim *claim);
/* One line about how the device died: QEMU's exit and last words, or that the
 * system wants it back. *ret_why is to be freed. Return: 0: it is to be closed;
 * 1: an error, after ddekit_claim_quiesce() a driver may try again; -EBUSY (it
 * lives), -EOPNOTSUPP (the backend cannot tell). */
int ddekit_claim_death_why(struct ddekit_claim *claim, char **ret_why);
/* emu: the QMP monitor for tests and fault injection: runs one command such as
 * "set_link" with JSON arguments (may be NULL). *ret_reply: JSON text to be
 * freed, may be NULL. Blocks, see above.
 * Return: 0, -EOPNOTSUPP (not emu), -EIO, -ETIMEDOUT, -EPROTO (QMP refused; reply says
 * why). */
int ddekit_claim_monitor(struct ddekit_claim *claim, const char *command,
			 const char *arguments, char **ret_reply);
/* Who gets the device when the claim is closed. Borrowed. */
const struct ddekit_before *ddekit_claim_before(const struct ddekit_claim *claim);
/* For a device whose claim was lost. Return: 0, -errno: the driver does not take it. */
int ddekit_give_back(struct ddekit_bdf bdf, const struct ddekit_before *before);
/* Is the device kept from all memory but its pool? Not without an IOMMU. */
bool ddekit_claim_isolated(const struct ddekit_claim *claim);
/* emu: the pid of QEMU; 0 for others. */
pid_t ddekit_claim_pid(struct ddekit_claim *claim);

#define DDEKIT_CLAIM_FDS 160

/* A claim for another process of the same build: data and files. */
struct ddekit_claim_saved {
	void *data;
	size_t len;
	uint32_t n_fds;
	int fds[DDEKIT_CLAIM_FDS];
};

/**
 * ddekit_claim_save - write down a claim, for a process that goes on with it
 * @ret: the fds are borrowed from the claim, data is to be freed
 *
 * The claim stays what it is. Whoever got it by ddekit_claim_restore() may use
 * it once this process has ended without ddekit_claim_close(). What is saved
 * does not change while the claim lives. Return: 0, -EOPNOTSUPP, -ENOMEM.
 */
int ddekit_claim_save(struct ddekit_claim *claim, struct ddekit_claim_saved *ret);
/**
 * ddekit_claim_restore - go on with a claim that another process saved
 * @saved:   data is borrowed; the fds are moved: they are the claim's on success
 *           and closed on failure
 * @ret_why: as ddekit_claim_open()'s
 *
 * Return: 0, -EPROTO (another build saved it), -EBADF (files are missing),
 * -ENOENT (unknown backend), -EOPNOTSUPP, -ENOMEM.
 */
int ddekit_claim_restore(struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
			 char **ret_why);
/* Gives the device back: to its former driver, or ends QEMU. NULL is fine. Its death_fd must
 * not be watched any more. Blocks, see above. */
void ddekit_claim_close(struct ddekit_claim *claim);

/* ---- adopt (unprivileged) ------------------------------------------------ */

struct ddekit_pci;

/* Where the device's functions may have their BARs. */
struct ddekit_pci_windows {
	ddekit_busaddr mem_base;	uint64_t mem_size;	/* below 4 GiB */
	ddekit_busaddr mem64_base;	uint64_t mem64_size;	/* size 0: none */
	uint32_t io_base;		uint32_t io_size;	/* size 0: none */
	uint8_t root_bus;	/* number of the bus that all others are behind */
};

/**
 * ddekit_pci_adopt - make a device of a handover
 * @h: borrowed; its fds are moved: they are the device's on success, and
 *     closed on failure
 * Return: 0, -EPROTO (version), -ENOENT (backend), -EIO, …
 */
int ddekit_pci_adopt(const struct ddekit_handover *h, struct ddekit_pci **ret);
/* Flushes, unmaps the pool, closes the fds. NULL is fine. */
void ddekit_pci_close(struct ddekit_pci *pci);
void ddekit_pci_windows(struct ddekit_pci *pci, struct ddekit_pci_windows *ret);

/* The pool: mapped shared at pool_base by adopt (MAP_FIXED_NOREPLACE). To the
 * device it is one piece at pool_base too, unless block_iova is there. */
#define DDEKIT_POOL_BLOCK (4ull << 20)
struct ddekit_pool {
	void *cpu;			/* == base */
	ddekit_phys base;
	uint64_t size;
	int fd;				/* for further mappings; borrowed */
	uint64_t offset;
	const uint64_t *block_iova;	/* device address of each DDEKIT_POOL_BLOCK,
					 * ascending; NULL: identity; the pool's */
};
const struct ddekit_pool *ddekit_pci_pool(struct ddekit_pci *pci);

/* Config space of any function on or behind the device's root bus. One CPU
 * thread at a time per call is not required: safe from any thread. reg < 4096
 * and aligned; size 1, 2, 4. A write has reached the device on return.
 * Return: 0; -ENODEV: no such function, *ret untouched; -EIO: device dead. */
int ddekit_pci_config_read(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn,
			   uint32_t reg, uint32_t size, uint32_t *ret);
int ddekit_pci_config_write(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn,
			    uint32_t reg, uint32_t size, uint32_t value);

/* Makes a range of bus addresses reachable. *ret_cpu: for direct access, or
 * NULL when accesses must be made by ddekit_pci_read() and write().
 * Return: 0, -ENXIO (no BAR there), -errno of mmap. */
int ddekit_pci_map(struct ddekit_pci *pci, ddekit_busaddr addr, uint64_t len,
		   volatile void **ret_cpu);
void ddekit_pci_unmap(struct ddekit_pci *pci, volatile void *cpu, uint64_t len);

/* Register accesses by call; any thread; size 1, 2, 4, 8. A read waits for the
 * device (8 µs with emu) and returns all-ones when it is dead; a write is
 * posted and reaches the device before any later access or ddekit_pci_flush().
 * emu waits for each write (8 µs) unless it knows that the device's drivers do
 * not mind late ones. */
uint64_t ddekit_pci_read(struct ddekit_pci *pci, ddekit_busaddr addr, uint32_t size);
void ddekit_pci_write(struct ddekit_pci *pci, ddekit_busaddr addr, uint32_t size,
		      uint64_t value);
uint32_t ddekit_pci_in(struct ddekit_pci *pci, uint32_t port, uint32_t size);
void ddekit_pci_out(struct ddekit_pci *pci, uint32_t port, uint32_t size, uint32_t value);
/* Sends what is still buffered. To be called before sleeping. Any thread. */
void ddekit_pci_flush(struct ddekit_pci *pci);

/* A fd to watch, and what to call when it is readable: takes in INTx changes
 * and notices the device's death. -1: the backend needs none. With emu it is
 * only worth watching (edge-triggered) while an INTx line is unmasked. Any
 * thread. Return of service: 0, -EIO (the device is dead). */
int ddekit_pci_service_fd(struct ddekit_pci *pci);
int ddekit_pci_service(struct ddekit_pci *pci);

/* Accesses made since adopt(); flushes that had something to send; with emu
 * also the commands to QEMU (messages) and the system calls for all that. */
struct ddekit_pci_stats {
	uint64_t mmio_reads, mmio_writes, config_reads, config_writes;
	uint64_t io_reads, io_writes, flushes, messages, syscalls;
};
void ddekit_pci_stats(struct ddekit_pci *pci, struct ddekit_pci_stats *ret);

#endif
