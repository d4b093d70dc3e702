/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI devices, in two steps split by privilege:
 *
 *   claim   a privileged process (ddekitd) claims the device: it opens VFIO or UIO files,
 *           or starts QEMU.  It can reset and release the device, and makes a handover:
 *           a blob and file descriptors.
 *   adopt   the unprivileged driver host makes a struct ddekit_pci from a handover and
 *           drives the device with it.
 *
 * The backends ("emu", "vfio", "uio") are listed in one table in pci.c.
 *
 * "Does not block" below: waits for nobody but other threads that are in a call for the same
 * device, and for the device to answer an access.
 */
#ifndef DDEKIT_PCI_H
#define DDEKIT_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <ddekit/bdf.h>

/* Address types: never mixed. */
typedef struct {
	uint64_t v;
} ddekit_iova; /* what a device uses */
typedef struct {
	uint64_t v;
} ddekit_phys; /* the runtime's physical address */
typedef struct {
	uint64_t v;
} ddekit_busaddr; /* in a BAR */

/* ---- claim (privileged) ------------------------------------------------- */

/*
 * Threads: functions of a claim may be called from any thread, also from one that ends
 * before the claim does, but one at a time per claim.  Different claims do not disturb each
 * other.  Some functions start processes (QEMU, modprobe): meanwhile no thread may change the
 * environment, or reap children that are not its own, and a process that is forked must exec,
 * or close what it inherited.
 *
 * Blocking:
 *		emu			vfio, uio
 *	open	15 s at most		as long as the kernel driver takes to release the
 *					device: usually some 100 ms, no limit
 *	quiesce	2 s at most; usually	as long as the kernel's reset takes: 0.1 s, up to a
 *		1 to 3 ms		minute for a device that does not come back
 *	monitor	1 s at most		does not block
 *	close	2 s at most		as quiesce and open together
 *
 * On emu these are deadlines of the whole call, whatever QEMU and dead driver hosts do; an
 * open that fails may take another second for QEMU to end.
 */
struct ddekit_claim;

#define DDEKIT_DRIVER_NAME 64

/* The kernel driver that a device had before its claim. Plain data. */
struct ddekit_before {
	bool changed;                      /* false: it had the wanted driver already, or the
					 * host's kernel does not know the device */
	char driver[DDEKIT_DRIVER_NAME];   /* empty: none */
	char override[DDEKIT_DRIVER_NAME]; /* empty: none */
};

struct ddekit_claim_spec {
	struct ddekit_bdf bdf;
	const char *backend;         /* "emu", "vfio", "uio" */
	uint64_t pool_size;          /* bytes, a multiple of 4 MiB */
	struct ddekit_before before; /* of a claim that was lost: used if the backend's
					 * driver has the device already */
	/* The rest is for emu only. */
	const char *emu_device;      /* QEMU -device argument: "e1000e", "nvme,serial=x" */
	const char *emu_netdev;      /* QEMU -netdev argument without id: "user", "tap,fd=…" */
	const char *emu_drive;       /* the device's disk: QEMU -drive options without id, if
					 * and file, "format=raw"; NULL: none */
	int emu_drive_fd;            /* its file, opened as the drive is; also in emu_fds */
	const char *const *emu_args; /* further QEMU arguments, NULL ends, may be NULL */
	const int *emu_fds;          /* fds that QEMU inherits under their own number, -1 ends */
	uid_t uid;                   /* user of QEMU if the caller is root; 0: the caller's */
	gid_t gid;
	/* Confines QEMU, instead of uid and gid: called in its process before it is executed,
	 * with the caller's rights; system calls alone, since the caller may have threads.
	 * NULL: none. Return: 0, -errno. */
	int (*emu_confine)(void *arg);
	void *emu_confine_arg;
};

#define DDEKIT_HANDOVER_FDS 160
#define DDEKIT_HANDOVER_BLOB 4096

/* What the driver host needs to adopt the device.  Plain data: can be sent as it is between
 * processes of the same build; the fds by SCM_RIGHTS. */
struct ddekit_handover {
	uint32_t version; /* DDEKIT_HANDOVER_VERSION */
	uint32_t n_fds;
	char backend[16];
	struct ddekit_bdf bdf;
	uint64_t pool_base;   /* where the pool must be mapped (phys == IOVA) */
	uint64_t pool_size;   /* bytes */
	uint64_t pool_offset; /* of the pool in its file, bytes */
	uint32_t pool_fd;     /* index into fds */
	uint32_t blob_len;
	uint8_t blob[DDEKIT_HANDOVER_BLOB]; /* the backend's own */
	int fds[DDEKIT_HANDOVER_FDS];       /* borrowed from the claim */
};

#define DDEKIT_HANDOVER_VERSION 1u

/**
 * ddekit_claim_open - claim a device
 * @spec:    borrowed for the call
 * @ret:     for ddekit_claim_close(); written only on success
 * @ret_why: on failure a message with cause and next step, to be freed by the caller;
 *           may be NULL
 *
 * On failure the device has the kernel driver it had before.
 * Any thread. Blocks: see the table above.
 * Return: 0, -EINVAL (bad @spec), -ENODEV, -EBUSY, -EPERM, -ENOENT (unknown backend, no QEMU,
 * no kernel module), -EOPNOTSUPP (vfio: no IOMMU), -ETIMEDOUT, -ENOMEM, -errno of a system
 * call.
 */
int ddekit_claim_open(const struct ddekit_claim_spec *spec, struct ddekit_claim **ret,
		      char **ret_why);

/**
 * ddekit_claim_handover - describe a claim to a new driver host
 * @ret: its fds stay the claim's; those that a driver host can make block are new for each
 *       handover, and closed by the next handover, quiesce or close
 *
 * The last driver host must be dead and ddekit_claim_quiesce() done.
 * One thread at a time per claim. Does not block.
 * Return: 0, -EMFILE and other errors of opening files; then there are no new fds.
 */
int ddekit_claim_handover(struct ddekit_claim *claim, struct ddekit_handover *ret);

/**
 * ddekit_claim_quiesce - stop the device after its driver has died
 *
 * Switches bus mastering and interrupts off and resets the device. emu clears the pool as
 * well; elsewhere the runtime clears what it uses. No process may be using the handover.
 * One thread at a time per claim. Blocks: see the table above.
 * Return: 0; -EIO (the device does not answer), -ENODEV (it has gone), -errno of a reset that
 * failed; -ETIMEDOUT (emu: QEMU does not answer, or is busy with what the driver left to it:
 * close this claim and open another).
 */
int ddekit_claim_quiesce(struct ddekit_claim *claim);

/**
 * ddekit_claim_death_fd - an fd that becomes readable, or hung up, when the device dies
 *
 * The same fd for the life of the claim, such as the pidfd of QEMU.
 * One thread at a time per claim. Does not block.
 * Return: the fd, borrowed; -1: the backend has none.
 */
int ddekit_claim_death_fd(struct ddekit_claim *claim);

/**
 * ddekit_claim_death_why - why the device died, in one line
 * @ret_why: QEMU's exit status and last output, or that the system wants the device back; to
 *           be freed by the caller; may be NULL
 *
 * One thread at a time per claim. Does not block with emu; with vfio and uio, for a few
 * accesses to the device's config space.
 * Return: 0: dead, close the claim; 1: an error, after ddekit_claim_quiesce() a driver may
 * try again; -EBUSY (it is alive), -ENOMEM.
 */
int ddekit_claim_death_why(struct ddekit_claim *claim, char **ret_why);

/**
 * ddekit_claim_rearm - have the device's death reported, whatever a driver host has done
 *
 * With vfio, a driver host has the file of the device, and can switch off the reports of a
 * removal and of errors. The kernel repeats its request for a device every ten seconds: who
 * calls this more often while a driver host runs hears of one in time.
 * One thread at a time per claim. Does not block with emu and uio; with vfio, for two system
 * calls.
 * Return: 0; -EOPNOTSUPP (a driver host cannot switch them off), -errno.
 */
int ddekit_claim_rearm(struct ddekit_claim *claim);

/**
 * ddekit_claim_monitor - run a command of QEMU's monitor (QMP), for tests and fault injection
 * @command:   such as "set_link"
 * @arguments: a JSON object as text; may be NULL
 * @ret_reply: JSON text, to be freed by the caller; written on success, and with -EPROTO;
 *             may be NULL
 *
 * One thread at a time per claim. Blocks: see the table above.
 * Return: 0, -EOPNOTSUPP (not emu), -EINVAL (@arguments is no JSON object), -EIO, -ETIMEDOUT
 * (QEMU may still carry the command out), -EPROTO (QEMU refused; the reply says why), -ENOMEM.
 */
int ddekit_claim_monitor(struct ddekit_claim *claim, const char *command, const char *arguments,
			 char **ret_reply);

/**
 * ddekit_claim_before - the kernel driver that gets the device when the claim is closed
 *
 * Any thread. Does not block.
 * Return: borrowed from the claim.
 */
const struct ddekit_before *ddekit_claim_before(const struct ddekit_claim *claim);

/**
 * ddekit_give_back - release a device whose claim was lost to its former kernel driver
 * @before: of the claim; borrowed for the call
 *
 * Any thread; one at a time per device. Blocks as long as the kernel's drivers take to
 * release and to probe the device; no limit.
 * Return: 0 (also if the device has gone), -EBUSY (the driver does not accept it), -errno of
 * writing to sysfs.
 */
int ddekit_give_back(struct ddekit_bdf bdf, const struct ddekit_before *before);

/**
 * ddekit_claim_isolated - is the device kept from all memory but its pool?
 *
 * Any thread. Does not block.
 * Return: false without an IOMMU.
 */
bool ddekit_claim_isolated(const struct ddekit_claim *claim);

/**
 * ddekit_claim_pid - the process that is the device
 *
 * One thread at a time per claim. Does not block.
 * Return: the pid of QEMU with emu, also after its end; else 0.
 */
pid_t ddekit_claim_pid(struct ddekit_claim *claim);

#define DDEKIT_CLAIM_FDS 160

/* A claim for another process of the same build: data and files. */
struct ddekit_claim_saved {
	void *data;
	size_t len; /* bytes */
	uint32_t n_fds;
	int fds[DDEKIT_CLAIM_FDS];
};

/**
 * ddekit_claim_save - write a claim down for a process that continues with it
 * @ret: written only on success; its fds are borrowed from the claim, its data is to be freed
 *       by the caller
 *
 * The claim stays valid. Whoever passes @ret to ddekit_claim_restore() may use the result
 * once this process has ended without ddekit_claim_close(). What is saved does not change
 * while the claim lives.
 * One thread at a time per claim. Does not block.
 * Return: 0, -ENOMEM.
 */
int ddekit_claim_save(struct ddekit_claim *claim, struct ddekit_claim_saved *ret);

/**
 * ddekit_claim_restore - continue with a claim that another process saved
 * @saved:   its data is borrowed; its fds are moved: the claim's on success, closed on
 *           failure
 * @ret:     written only on success
 * @ret_why: as for ddekit_claim_open()
 *
 * Any thread. Does not block.
 * Return: 0, -EPROTO (another build saved it), -EBADF (files are missing), -ENOENT (unknown
 * backend), -ENOMEM.
 */
int ddekit_claim_restore(struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
			 char **ret_why);

/**
 * ddekit_claim_close - release the device to its former kernel driver, or end QEMU
 * @claim: freed; NULL is fine; its death_fd must not be watched any more
 *
 * One thread at a time per claim. Blocks: see the table above.
 */
void ddekit_claim_close(struct ddekit_claim *claim);

/* ---- adopt (unprivileged) ------------------------------------------------ */

/*
 * Threads: any, and several at a time, but for ddekit_pci_adopt() and ddekit_pci_close().
 * With emu a call that reads from QEMU calls the handlers of interrupt lines that have changed
 * (irq.h), after it has released its locks.
 */
struct ddekit_pci;

/* Where the device's functions may have their BARs. Sizes in bytes. */
struct ddekit_pci_windows {
	ddekit_busaddr mem_base;
	uint64_t mem_size; /* below 4 GiB */
	ddekit_busaddr mem64_base;
	uint64_t mem64_size; /* size 0: none */
	uint32_t io_base;
	uint32_t io_size; /* size 0: none */
	uint8_t root_bus; /* number of the bus that all others are behind */
};

/**
 * ddekit_pci_adopt - make a device from a handover
 * @h:   borrowed for the call; its fds are moved: the device's on success, closed on failure
 * @ret: for ddekit_pci_close(); written only on success
 *
 * Opens no file. Maps the pool at the address that the handover names.
 * Any thread. Does not block.
 * Return: 0, -EPROTO (another version, or malformed), -ENOENT (unknown backend), -EEXIST (the
 * pool's addresses are in use), -EIO (the device does not answer), -ENOMEM, -errno of a
 * system call.
 */
int ddekit_pci_adopt(const struct ddekit_handover *h, struct ddekit_pci **ret);

/**
 * ddekit_pci_close - flush, unmap pool and registers, close the fds
 * @pci: freed; NULL is fine; no other thread may be in a call for it
 *
 * The device itself is not stopped: that is ddekit_claim_quiesce().
 * Any thread. Blocks with emu until QEMU has room for the posted writes.
 */
void ddekit_pci_close(struct ddekit_pci *pci);

/**
 * ddekit_pci_windows - the ranges of bus addresses for BARs
 *
 * Any thread. Does not block.
 */
void ddekit_pci_windows(struct ddekit_pci *pci, struct ddekit_pci_windows *ret);

/* The pool: mapped shared at pool_base by adopt (MAP_FIXED_NOREPLACE). To the device it is
 * one piece at pool_base too, unless block_iova is set. */
#define DDEKIT_POOL_BLOCK (4ull << 20)
struct ddekit_pool {
	void *cpu; /* == base */
	ddekit_phys base;
	uint64_t size;              /* bytes */
	int fd;                     /* for further mappings; borrowed */
	uint64_t offset;            /* of the pool in its file, bytes */
	const uint64_t *block_iova; /* device address of each DDEKIT_POOL_BLOCK,
					 * ascending; NULL: identity; borrowed */
};

/**
 * ddekit_pci_pool - the memory that the device can reach
 *
 * Any thread. Does not block.
 * Return: borrowed from the device; does not change.
 */
const struct ddekit_pool *ddekit_pci_pool(struct ddekit_pci *pci);

/**
 * ddekit_pci_config_read - read from config space
 * @bus, @devfn: any function on or behind the device's root bus
 * @reg:         0..4095, aligned to @size
 * @size:        bytes: 1, 2, 4
 * @ret:         written only on success
 *
 * Any thread. Does not block.
 * Return: 0, -EINVAL, -ENODEV (no such function), -EIO (device dead).
 */
int ddekit_pci_config_read(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
			   uint32_t size, uint32_t *ret);

/**
 * ddekit_pci_config_write - write to config space
 *
 * Arguments as for ddekit_pci_config_read(). The write has reached the device on return; with
 * emu those to BARs and bridge windows are posted, as by ddekit_pci_write().
 * Any thread. Does not block.
 * Return: as ddekit_pci_config_read().
 */
int ddekit_pci_config_write(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
			    uint32_t size, uint32_t value);

/**
 * ddekit_pci_map - make registers accessible
 * @addr:    inside a BAR that has been assigned
 * @len:     bytes, not 0
 * @ret_cpu: for direct access; NULL: use ddekit_pci_read() and ddekit_pci_write(); written
 *           only on success; valid until ddekit_pci_unmap()
 *
 * Any thread. Does not block.
 * Return: 0, -ENXIO (outside the windows; no BAR there), uio: -errno of mmap.
 */
int ddekit_pci_map(struct ddekit_pci *pci, ddekit_busaddr addr, uint64_t len,
		   volatile void **ret_cpu);

/**
 * ddekit_pci_unmap - end the use of what ddekit_pci_map() returned
 * @cpu: NULL is fine
 *
 * Any thread. Does not block.
 */
void ddekit_pci_unmap(struct ddekit_pci *pci, volatile void *cpu, uint64_t len);

/**
 * ddekit_pci_read - read a register
 * @size: bytes: 1, 2, 4, 8
 *
 * Any thread. Does not block; waits for the device's answer: 8 µs with emu.
 * Return: the value; all-ones if the device is dead, no BAR is at @addr or @size is invalid.
 */
uint64_t ddekit_pci_read(struct ddekit_pci *pci, ddekit_busaddr addr, uint32_t size);

/**
 * ddekit_pci_write - write a register
 * @size: bytes: 1, 2, 4, 8
 *
 * Posted: reaches the device before any later access or ddekit_pci_flush(). Where no BAR is,
 * nothing happens.
 * Any thread. Does not block; emu waits for each write (8 µs) unless it knows that drivers of
 * the device tolerate late ones.
 */
void ddekit_pci_write(struct ddekit_pci *pci, ddekit_busaddr addr, uint32_t size, uint64_t value);

/**
 * ddekit_pci_in - read an I/O port
 * @port: inside the I/O window
 * @size: bytes: 1, 2, 4
 *
 * Any thread. Does not block; waits as ddekit_pci_read().
 * Return: as ddekit_pci_read().
 */
uint32_t ddekit_pci_in(struct ddekit_pci *pci, uint32_t port, uint32_t size);

/**
 * ddekit_pci_out - write an I/O port
 *
 * Arguments as for ddekit_pci_in(); posted as by ddekit_pci_write().
 * Any thread. Does not block; waits as ddekit_pci_write().
 */
void ddekit_pci_out(struct ddekit_pci *pci, uint32_t port, uint32_t size, uint32_t value);

/**
 * ddekit_pci_flush - send posted writes that are still buffered
 *
 * To be called before sleeping. Other backends than emu buffer nothing.
 * Any thread. Blocks with emu until QEMU has room for them.
 */
void ddekit_pci_flush(struct ddekit_pci *pci);

/**
 * ddekit_pci_service_fd - an fd to watch: when it is readable, call ddekit_pci_service()
 *
 * With emu it is only worth watching (edge-triggered) while an INTx line is unmasked.
 * Any thread. Does not block.
 * Return: the fd, borrowed; -1: the backend needs none.
 */
int ddekit_pci_service_fd(struct ddekit_pci *pci);

/**
 * ddekit_pci_service - receive changes of INTx lines, and notice the device's death
 *
 * Calls the handlers of lines that are asserted (irq.h). Flushes.
 * Any thread. Does not block, but as ddekit_pci_flush().
 * Return: 0, -EIO (the device is dead).
 */
int ddekit_pci_service(struct ddekit_pci *pci);

/* Accesses since adopt; flushes that had something to send; with emu also the commands to QEMU
 * (messages) and the system calls for all of it. */
struct ddekit_pci_stats {
	uint64_t mmio_reads, mmio_writes, config_reads, config_writes;
	uint64_t io_reads, io_writes, flushes, messages, syscalls;
};

/**
 * ddekit_pci_stats - count the accesses so far
 *
 * Any thread. Does not block.
 */
void ddekit_pci_stats(struct ddekit_pci *pci, struct ddekit_pci_stats *ret);

#endif
