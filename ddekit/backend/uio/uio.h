/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The uio backend: a real device on a machine without an IOMMU, through uio_pci_generic,
 * the device's files in sysfs and our kernel module ddekit_dma (modules/).  The device can
 * access all memory of the machine.  Private to backend/uio/.
 *
 *   claim.c     the privileged half: claim, quiesce, release
 *   module.c    memory for the device, from ddekit_dma
 *   save.c      passes a claim to another process
 *   adopt.c     the unprivileged half: adopt and close, registers, interrupts
 *   config.c    config space: the device's registers and emulated ones
 *   backend.c   the table with the functions of both halves
 */
#ifndef UIO_H
#define UIO_H

#include <pthread.h>
#include "../../backend.h"
#include "../bars.h"
#include "../sysfs.h"

#define UIO_DRIVER "uio_pci_generic"
#define UIO_BARS 6
#define UIO_MAX_BLOCKS 256
/* Unused in the runtime's address space. */
#define UIO_POOL_BASE 0x10000000ull

/* Where device files are; tests have a folder of their own. */
extern const char *uio_dev_root;

/* ---- handover ------------------------------------------------------------- */

#define UIO_BLOB_MAGIC 0x316f6975u /* "uio1" */

/* The fds, followed by those of the base address registers that exist, in order. */
enum { UIO_FD_POOL, UIO_FD_UIO, UIO_FD_CONFIG, UIO_FD_BARS };

struct uio_bar {
	uint64_t size;        /* 0: no such BAR */
	uint64_t page_offset; /* of its first byte */
};

struct uio_blob {
	uint32_t magic;
	uint32_t n_blocks;
	struct uio_bar bar[UIO_BARS];
	uint64_t block_iova[UIO_MAX_BLOCKS];
};

/* ---- claim ---------------------------------------------------------------- */

struct uio_claim {
	struct ddekit_claim base;
	int pool, config;
	int uio;                /* never handed over, so that no driver host can make it block */
	int handed;             /* the uio fd that the last handover used; -1: none */
	int resource[UIO_BARS]; /* -1: none */
	struct uio_blob blob;   /* for the next handover */
};

/* claim.c: an empty claim. NULL: no memory. */
struct uio_claim *uio_claim_create(void);
/* Closes what is open and frees; the device keeps its kernel driver. */
void uio_claim_destroy(struct uio_claim *c);

/* claim.c: see struct claim_ops. */
int uio_claim_open(const struct ddekit_claim_spec *spec, struct ddekit_claim **ret, char **ret_why);
int uio_claim_handover(struct ddekit_claim *claim, struct ddekit_handover *ret);
int uio_claim_quiesce(struct ddekit_claim *claim);
int uio_claim_death_fd(struct ddekit_claim *claim);
int uio_claim_death_why(struct ddekit_claim *claim, char **ret_why);
int uio_claim_monitor(struct ddekit_claim *claim, const char *command, const char *arguments,
		      char **ret_reply);
pid_t uio_claim_pid(struct ddekit_claim *claim);
void uio_claim_close(struct ddekit_claim *claim);

/* module.c */
/* Opens the module's device; loads the module if necessary. Return: the fd, -errno. */
int uio_module_open(char **ret_why);
/* Attaches a pool to the device and allocates its memory. Return: 0, -errno. */
int uio_module_fill(int pool, struct ddekit_bdf bdf, int uio, uint64_t size, struct uio_blob *ret,
		    char **ret_why);

/* save.c */
int uio_claim_save(struct ddekit_claim *claim, struct ddekit_claim_saved *ret);
int uio_claim_restore(const struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
		      char **ret_why);

/* ---- adopted device ------------------------------------------------------- */

struct uio_region {
	int fd; /* -1: none */
	uint64_t size, page_offset;
	char *mapping; /* the BAR is at page_offset in it; NULL: not mapped */
};

struct uio_pci {
	struct ddekit_pci base;
	pthread_mutex_t lock; /* protects the members below */
	int pool_fd, uio_fd, config_fd;
	struct bars bars;
	struct uio_region region[UIO_BARS];
	uint64_t block_iova[UIO_MAX_BLOCKS];
	uint16_t command;  /* as the runtime wrote it */
	uint8_t msi, msix; /* capabilities; 0: none */
	struct ddekit_irq line;
	bool line_unmasked;
	struct ddekit_pci_stats stats;
};

static inline struct uio_pci *to_uio(struct ddekit_pci *pci)
{
	return (struct uio_pci *)pci;
}

/* adopt.c */
int uio_adopt(const struct ddekit_handover *h, struct ddekit_pci **ret);
int uio_map(struct ddekit_pci *pci, uint64_t addr, uint64_t len, volatile void **ret_cpu);
void uio_unmap(struct ddekit_pci *pci, volatile void *cpu, uint64_t len);
uint64_t uio_read(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size);
void uio_write(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size,
	       uint64_t value);
void uio_flush(struct ddekit_pci *pci);
int uio_service(struct ddekit_pci *pci);
int uio_irq_vectors(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, enum ddekit_irq_kind kind,
		    unsigned int index, unsigned int count, struct ddekit_irq **ret);
int uio_irq_line(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin, struct ddekit_irq **ret);
void uio_irq_mask(struct ddekit_irq *irq, bool masked);
void uio_irq_free(struct ddekit_irq *irq);
void uio_stats(struct ddekit_pci *pci, struct ddekit_pci_stats *ret);
void uio_close(struct ddekit_pci *pci);

/* config.c */
/* Reads BARs and capabilities. Return: 0, -EIO. */
int uio_config_init(struct uio_pci *u);
/* Lock held. Sets the device's Interrupt Disable bit according to line_unmasked. */
int uio_config_line(struct uio_pci *u);
int uio_config_read(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
		    uint32_t *ret);
int uio_config_write(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
		     uint32_t size, uint32_t value);

#endif
