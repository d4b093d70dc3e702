/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the module share. */
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
	struct page *page;	/* the first of BLOCK_PAGES, a compound page */
	dma_addr_t dma;
};

/*
 * An open file.  The lock orders its ioctls.  Of locks the pool's comes first,
 * then the PCI device's, then the list's.
 */
struct pool {
	struct mutex lock;
	struct pci_dev *pdev;	/* referenced; NULL: not attached */
	struct file *uio;	/* referenced */
	struct list_head list;	/* of the attached ones */
	bool live;		/* its driver is bound; under the PCI device's lock */
	struct block *block;	/* set before n_blocks, both once */
	unsigned int n_blocks;	/* smp_load_acquire() without the lock */
};

/* attach.c */
int attach_init(void);
void attach_exit(void);
/* Pool locked. Return: as DDEKIT_DMA_ATTACH. */
int attach(struct pool *pool, const struct ddekit_dma_attach *arg);
/* Of the last reference: stops the device, ends its access to the pool. */
void detach(struct pool *pool);

/* blocks.c */
extern unsigned int limit_mib;
/* Pool locked and attached. Return: as DDEKIT_DMA_ALLOC. */
int blocks_alloc(struct pool *pool, unsigned int n);
/* PCI device locked: ends the device's access. */
void blocks_unmap(struct pool *pool);
/* After blocks_unmap(); pages that somebody still holds are freed by him. */
void blocks_free(struct pool *pool);

#endif
