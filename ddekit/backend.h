/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a backend implements: the two halves of include/ddekit/pci.h, and the
 * objects they share with the generic code.  Private to ddekit/.
 *
 * No member is optional: what a backend cannot do, its function refuses with
 * -EOPNOTSUPP.  Arguments have been checked by pci.c and irq.c as far as their
 * doc comments promise.
 */
#ifndef DDEKIT_BACKEND_H
#define DDEKIT_BACKEND_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <ddekit/irq.h>
#include <ddekit/pci.h>
#include "fd.h"

/* First member of every backend's claim. */
struct ddekit_claim {
	const struct backend *backend;
	struct ddekit_bdf bdf;
	struct ddekit_before before; /* the backend's to fill */
};

/* First member of every backend's device.  adopt() fills it in; it does not change
 * afterwards. */
struct ddekit_pci {
	const struct backend *backend;
	struct ddekit_bdf bdf;
	struct ddekit_pool pool;
	struct ddekit_pci_windows windows;
	int service_fd;
};

/* Vectors and lines; the backend owns the memory. */
struct ddekit_irq {
	struct ddekit_pci *pci;
	enum ddekit_irq_kind kind;
	unsigned int number;
	int fd;           /* -1 for a line */
	uint64_t address; /* message; 0 for a line */
	uint32_t data;
	void (*fn)(void *arg); /* lines */
	void *arg;
};

enum access_space { SPACE_MEM, SPACE_IO };

/* Privileged half, in the order of a claim's life. */
struct claim_ops {
	/* Claims the device. On failure nothing is left behind and *ret_why has the message. */
	int (*open)(const struct ddekit_claim_spec *spec, struct ddekit_claim **ret,
		    char **ret_why);
	/* Fills in the backend's parts: pool, blob, fds. pci.c does the rest. */
	int (*handover)(struct ddekit_claim *claim, struct ddekit_handover *ret);
	/* Stops and resets the device; emu also clears the pool. */
	int (*quiesce)(struct ddekit_claim *claim);
	/* Readable when the device dies; -1: none. */
	int (*death_fd)(struct ddekit_claim *claim);
	/* Why it died; 1: by an error that a reset may clear; -EBUSY while it is alive. */
	int (*death_why)(struct ddekit_claim *claim, char **ret_why);
	/* Reports of its death that a driver host may have switched off; NULL: it cannot. */
	int (*rearm)(struct ddekit_claim *claim);
	/* QMP and the like. */
	int (*monitor)(struct ddekit_claim *claim, const char *command, const char *arguments,
		       char **ret_reply);
	/* The process that emulates the device; 0: none. */
	pid_t (*pid)(struct ddekit_claim *claim);
	/* Fills in data, len, fds and n_fds with the backend's own state. */
	int (*save)(struct ddekit_claim *claim, struct ddekit_claim_saved *ret);
	/* Makes a claim from what save() wrote; the fds are moved on success only. */
	int (*restore)(const struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
		       char **ret_why);
	/* Releases the device and frees the claim. */
	void (*close)(struct ddekit_claim *claim);
};

/* Unprivileged half, in the order of a device's life. */
struct pci_ops {
	/* @fds are the handover's, moved: on failure they are closed. */
	int (*adopt)(const struct ddekit_handover *h, struct ddekit_pci **ret);
	int (*config_read)(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
			   uint32_t size, uint32_t *ret);
	int (*config_write)(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
			    uint32_t size, uint32_t value);
	/* The range is inside one window. */
	int (*map)(struct ddekit_pci *pci, uint64_t addr, uint64_t len, volatile void **ret_cpu);
	void (*unmap)(struct ddekit_pci *pci, volatile void *cpu, uint64_t len);
	/* The range is inside one window. All-ones when the device is dead. */
	uint64_t (*read)(struct ddekit_pci *pci, enum access_space space, uint64_t addr,
			 uint32_t size);
	/* Posted. */
	void (*write)(struct ddekit_pci *pci, enum access_space space, uint64_t addr, uint32_t size,
		      uint64_t value);
	void (*flush)(struct ddekit_pci *pci);
	int (*service)(struct ddekit_pci *pci);
	/* As ddekit_irq_alloc_vectors(); kind is MSI or MSI-X, count is not 0. */
	int (*irq_vectors)(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn,
			   enum ddekit_irq_kind kind, unsigned int index, unsigned int count,
			   struct ddekit_irq **ret);
	/* As ddekit_irq_intx(); pin is 1..4. */
	int (*irq_line)(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin,
			struct ddekit_irq **ret);
	/* Lines only. */
	void (*irq_mask)(struct ddekit_irq *irq, bool masked);
	/* Vectors only. */
	void (*irq_free)(struct ddekit_irq *irq);
	void (*stats)(struct ddekit_pci *pci, struct ddekit_pci_stats *ret);
	/* Frees everything. */
	void (*close)(struct ddekit_pci *pci);
};

struct backend {
	const char *name;
	bool unisolated; /* the device reaches memory beyond its pool */
	struct claim_ops claim;
	struct pci_ops pci;
};

/* handover.c: closes all fds of a handover, which need not have been checked. */
void handover_close(const struct ddekit_handover *h);
/* Maps the pool at the handover's address; fd is borrowed. Return: 0, -EEXIST, -errno. */
int pool_map(struct ddekit_pool *pool, const struct ddekit_handover *h, int fd);
/* Does nothing if the pool is not mapped. */
void pool_unmap(struct ddekit_pool *pool);

/* memfile.c: an empty memfd, close-on-exec, to be sized and sealed. Return: the fd, -errno. */
int memfile_create(const char *name);
/* For memory that will be pinned: its pages are allocated at once, and if there are too few, the
 * kernel ends other processes to get them. Return: 0, also if that cannot be found out; -ENOMEM. */
int memfile_check_room(uint64_t size, char **ret_why);
/* Tests have their own. */
extern const char *memfile_meminfo;

/* saved.c: checks that a saved claim has @want files, and makes them close-on-exec.
 * Return: 0, -EBADF with a message in *ret_why. */
int saved_check_fds(const struct ddekit_claim_saved *saved, uint32_t want, char **ret_why);
/* For data that another build saved. Return: -EPROTO with a message in *ret_why. */
int saved_other_build(char **ret_why);

/**
 * why - write an error message and return the error
 * @ret_why: gets the message, to be freed by the caller; may be NULL; an earlier message in it
 *           is not freed
 * Any thread. Return: @error.
 */
int why(char **ret_why, int error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
