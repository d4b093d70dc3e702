/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vfio backend: a real device behind an IOMMU, by vfio-pci and a type-1
 * container (Documentation/driver-api/vfio.rst, <linux/vfio.h>).  Private to
 * backend/vfio/.
 *
 *   container.c the IOMMU: group, container, address ranges, the pool
 *   claim.c     the privileged half: claim, quiesce, release
 *   save.c      passes a claim to another process
 *   adopt.c     the unprivileged half: config space and registers
 *   regions.c   registers mapped into the process
 *   lines.c     MSI-X, MSI and INTx by eventfd
 *   backend.c   both halves as one table
 *
 * The claim has container, group, device and pool.  The driver host gets the device,
 * the pool and eventfds of its own: it cannot map memory for the device.
 */
#ifndef DDEKIT_VFIO_H
#define DDEKIT_VFIO_H

#include <linux/vfio.h>
#include <pthread.h>
#include "../../backend.h"
#include "../bars.h"
#include "../sysfs.h"

#define VFIO_DRIVER "vfio-pci"
#define VFIO_VECTORS 128

_Static_assert(VFIO_VECTORS + 3 <= DDEKIT_HANDOVER_FDS, "all files fit into a handover");

/* ---- handover ------------------------------------------------------------- */

#define VFIO_BLOB_MAGIC 0x316f6676u /* "vfo1" */

enum { VFIO_FD_DEVICE, VFIO_FD_POOL, VFIO_FD_INTX, VFIO_FD_VECTORS };

struct vfio_blob {
	uint32_t magic;
	uint32_t n_vectors;
};

/* ---- container.c ---------------------------------------------------------- */

struct vfio_container {
	int fd, group;
	uint64_t pool_base;
};

/* Where VFIO's device files are; tests have their own. */
extern const char *vfio_root;

/* Opens both for an IOMMU group. *ret is set on success only. */
int vfio_container_open(int group, struct vfio_container *ret, char **ret_why);
/* Maps the pool's file for the group's devices, IOVA = pool_base, which it chooses from what
 * the IOMMU and the runtime's address space allow. */
int vfio_container_map(struct vfio_container *c, int pool_fd, uint64_t size, char **ret_why);

/* ---- claim ---------------------------------------------------------------- */

/* Eventfds of one driver host.  It can make a read() or write() of them block, so each driver
 * host gets new ones. */
struct vfio_events {
	int intx;
	int vector[VFIO_VECTORS];
};

struct vfio_claim {
	struct ddekit_claim base;
	struct vfio_container container;
	uint64_t pool_size;
	uint32_t n_vectors;
	int device, pool;
	int request_fd, error_fd;  /* eventfds: the system wants the device; error */
	int death_fd;              /* epoll: either */
	struct vfio_events events; /* of the last handover; all -1 after quiesce */
};

/* claim.c: an empty claim. NULL: no memory. */
struct vfio_claim *vfio_claim_create(void);
/* Closes what is open and frees; the device keeps its kernel driver. */
void vfio_claim_destroy(struct vfio_claim *c);
/* Makes death_fd from request_fd and error_fd. Return: 0, -errno. */
int vfio_claim_watch(struct vfio_claim *c);

/* claim.c: see struct claim_ops. */
int vfio_claim_open(const struct ddekit_claim_spec *spec, struct ddekit_claim **ret,
		    char **ret_why);
int vfio_claim_handover(struct ddekit_claim *claim, struct ddekit_handover *ret);
int vfio_claim_quiesce(struct ddekit_claim *claim);
int vfio_claim_death_fd(struct ddekit_claim *claim);
int vfio_claim_death_why(struct ddekit_claim *claim, char **ret_why);
int vfio_claim_rearm(struct ddekit_claim *claim);
int vfio_claim_monitor(struct ddekit_claim *claim, const char *command, const char *arguments,
		       char **ret_reply);
pid_t vfio_claim_pid(struct ddekit_claim *claim);
void vfio_claim_close(struct ddekit_claim *claim);

/* save.c */
int vfio_claim_save(struct ddekit_claim *claim, struct ddekit_claim_saved *ret);
int vfio_claim_restore(const struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
		       char **ret_why);

/* ---- adopted device ------------------------------------------------------- */

/* A part of a region that is mapped directly. */
struct vfio_area {
	uint64_t offset, size;
	volatile char *cpu; /* NULL: not mapped yet */
};

#define VFIO_AREAS 8

struct vfio_region {
	uint64_t size;
	uint64_t file_offset; /* in the device's file */
	uint32_t n_areas;
	struct vfio_area area[VFIO_AREAS];
};

struct vfio_pci {
	struct ddekit_pci base;
	pthread_mutex_t lock; /* bars, areas, interrupts */
	int device, pool_fd, intx_fd;
	uint64_t config_offset;
	uint64_t config_size;
	struct bars bars;
	struct vfio_region region[BARS_N];
	/* The MSI-X table. The device's own belongs to the host kernel; the runtime's kernel
	 * writes into memory. */
	unsigned int table_bar; /* BARS_N: none */
	uint64_t table_offset, table_size;
	char *table; /* that memory */
	uint32_t n_vectors;
	struct ddekit_irq vector[VFIO_VECTORS];
	bool vector_used[VFIO_VECTORS];
	enum ddekit_irq_kind mode; /* what is enabled, if any is */
	bool enabled;
	struct ddekit_irq line;
	bool line_unmasked;
	struct ddekit_pci_stats stats;
};

static inline struct vfio_pci *to_vfio(struct ddekit_pci *pci)
{
	return (struct vfio_pci *)pci;
}

/* regions.c */
/* Reads size and mappable parts of a BAR from the device's file. Return: 0, -errno. */
int vfio_region_init(struct vfio_pci *v, unsigned int n);
void vfio_region_finish(struct vfio_region *r);
/* Allocates the memory for the MSI-X table, whose place is known. Return: 0, -ENOMEM. */
int vfio_table_init(struct vfio_pci *v);
/* Lock held. The address of [offset, offset + len), or NULL: only by call. */
volatile void *vfio_region_map(struct vfio_pci *v, unsigned int n, uint64_t offset, uint64_t len);

/* lines.c */
void vfio_lines_init(struct vfio_pci *v, const int *fds);
int vfio_irq_vectors(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, enum ddekit_irq_kind kind,
		     unsigned int index, unsigned int count, struct ddekit_irq **ret);
int vfio_irq_line(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin, struct ddekit_irq **ret);
void vfio_irq_mask(struct ddekit_irq *irq, bool masked);
void vfio_irq_free(struct ddekit_irq *irq);
int vfio_service(struct ddekit_pci *pci);
/* Disables all interrupts of an index. Return: 0, -errno. */
int vfio_irqs_off(int device, uint32_t index);
/* Sets the eventfds of [start, start + count) of an index; -1: none.
 * Return: 0, -errno. count: at most VFIO_VECTORS. */
int vfio_irqs_set(int device, uint32_t index, uint32_t start, uint32_t count, const int *fds);

/* adopt.c */
int vfio_adopt(const struct ddekit_handover *h, struct ddekit_pci **ret);
int vfio_config_read(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
		     uint32_t size, uint32_t *ret);
int vfio_config_write(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
		      uint32_t size, uint32_t value);
int vfio_map(struct ddekit_pci *pci, uint64_t addr, uint64_t len, volatile void **ret_cpu);
void vfio_unmap(struct ddekit_pci *pci, volatile void *cpu, uint64_t len);
uint64_t vfio_read(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size);
void vfio_write(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size,
		uint64_t value);
void vfio_flush(struct ddekit_pci *pci);
void vfio_stats(struct ddekit_pci *pci, struct ddekit_pci_stats *ret);
void vfio_close(struct ddekit_pci *pci);

#endif
