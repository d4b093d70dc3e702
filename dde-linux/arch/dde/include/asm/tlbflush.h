/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's mappings take the place of a TLB. */
#ifndef _ASM_DDE_TLBFLUSH_H
#define _ASM_DDE_TLBFLUSH_H

#include <linux/mm_types.h>

/* Makes the host's mappings of a vmalloc range agree with the page tables. */
void flush_tlb_kernel_range(unsigned long start, unsigned long end);

/* User mappings exist in page tables only; the host has none of them. */
static inline void flush_tlb_all(void)
{
}

static inline void flush_tlb_mm(struct mm_struct *mm)
{
}

static inline void flush_tlb_range(struct vm_area_struct *vma, unsigned long start,
				   unsigned long end)
{
}

static inline void flush_tlb_page(struct vm_area_struct *vma, unsigned long addr)
{
}

#endif
