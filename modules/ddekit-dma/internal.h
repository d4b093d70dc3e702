/* SPDX-License-Identifier: GPL-2.0-only */
/* Internal declarations of the module. */
#ifndef DDEKIT_DMA_INTERNAL_H
#define DDEKIT_DMA_INTERNAL_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include "seam.h"

#define BLOCK_PAGES (DDEKIT_DMA_BLOCK / PAGE_SIZE)

struct block {
	struct page *page; /* the first of BLOCK_PAGES, a compound page */
	dma_addr_t dma;
};

/*
 * An open file.  The lock serialises its ioctls.  Lock order: pool, PCI device, list of
 * attached pools.
 */
struct pool {
	struct mutex lock;
	struct pci_dev *pdev;  /* referenced; NULL: not attached */
	struct file *uio;      /* referenced */
	struct list_head list; /* attached pools */
	bool live;             /* its driver is bound; protected by the PCI device's lock */
	struct block *block;   /* set once, before n_blocks */
	unsigned int n_blocks; /* smp_load_acquire() without the lock */
};

/* attach.c */
int attach_init(void);
void attach_exit(void);
/* Call with the pool locked. Return: see DDEKIT_DMA_ATTACH. */
int attach(struct pool *pool, const struct ddekit_dma_attach *arg);
/* For the last reference: stops the device, ends its access to the pool. */
void detach(struct pool *pool);

/* blocks.c */
extern unsigned int limit_mib;
/* Call with the pool locked and attached. Return: see DDEKIT_DMA_ALLOC. */
int blocks_alloc(struct pool *pool, unsigned int n);
/* Call with the PCI device locked. Ends the device's access. */
void blocks_unmap(struct pool *pool);
/* Call after blocks_unmap(). Pages with other references are freed by their last user. */
void blocks_free(struct pool *pool);

#endif
