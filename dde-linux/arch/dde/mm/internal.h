/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to mm/. */
#ifndef DDE_MM_INTERNAL_H
#define DDE_MM_INTERNAL_H

/* CPU 0, early: once the location of the pool is known. */
void dde_dma_init(void);
/* CPU 0, early: before the pool's pages are the allocator's. */
void dde_dma_reserve_borders(void);

#endif
