/* SPDX-License-Identifier: GPL-2.0-only */
/* Removing user mappings. */
#ifndef _ASM_DDE_TLB_H
#define _ASM_DDE_TLB_H

#include <linux/mm.h>
#include <linux/swap.h>
#include <asm/dde/compat.h>

#ifdef DDE_HAS_REMOVE_TABLE
/* uaccess.c walks page tables under the RCU read lock: RCU delays freeing them. */
static inline void __tlb_remove_table(void *table)
{
	free_page_and_swap_cache(table);
}
#endif

#include <asm-generic/tlb.h>

#endif
