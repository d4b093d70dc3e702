/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernels want of an architecture's headers in different ways.  The headers themselves ask
 * for no version; DDE_SINCE() is for the files compat.h alone.
 */
#ifndef _ASM_DDE_DDE_COMPAT_H
#define _ASM_DDE_DDE_COMPAT_H

#include <linux/version.h>

#define DDE_SINCE(major, minor)	(LINUX_VERSION_CODE >= KERNEL_VERSION(major, minor, 0))

/* ---- bug.h ---- */

#if DDE_SINCE(6, 18)
#define __WARN_FLAGS(condition, flags)	DDE_BUG(BUGFLAG_WARNING | (flags))
#else
#define __WARN_FLAGS(flags)		DDE_BUG(BUGFLAG_WARNING | (flags))
#endif

/* ---- pgalloc.h, tlb.h ---- */

/* The accounting of a table's page ends here; since 6.14, where the page is freed. */
#if DDE_SINCE(6, 14)
#define __pte_free_tlb(tlb, table, addr)	tlb_remove_ptdesc(tlb, page_ptdesc(table))
#define __pmd_free_tlb(tlb, table, addr)	tlb_remove_ptdesc(tlb, virt_to_ptdesc(table))
#define __pud_free_tlb(tlb, table, addr)	tlb_remove_ptdesc(tlb, virt_to_ptdesc(table))
#elif DDE_SINCE(6, 6)
#define DDE_FREE_TABLE(level, tlb, table)			\
do {								\
	pagetable_##level##_dtor(table);			\
	tlb_remove_ptdesc(tlb, table);				\
} while (0)
#define __pte_free_tlb(tlb, table, addr)	DDE_FREE_TABLE(pte, tlb, page_ptdesc(table))
#define __pmd_free_tlb(tlb, table, addr)	DDE_FREE_TABLE(pmd, tlb, virt_to_ptdesc(table))
#define __pud_free_tlb(tlb, table, addr)	DDE_FREE_TABLE(pud, tlb, virt_to_ptdesc(table))
#else
#define DDE_FREE_TABLE(level, tlb, table)			\
do {								\
	pgtable_##level##_page_dtor(table);			\
	tlb_remove_page(tlb, table);				\
} while (0)
#define __pte_free_tlb(tlb, table, addr)	DDE_FREE_TABLE(pte, tlb, table)
#define __pmd_free_tlb(tlb, table, addr)	DDE_FREE_TABLE(pmd, tlb, virt_to_page(table))
#define __pud_free_tlb(tlb, table, addr)	tlb_remove_page(tlb, virt_to_page(table))
#endif

#if !DDE_SINCE(6, 14)	/* since then it is generic */
#define DDE_HAS_REMOVE_TABLE
#endif

/* ---- pgtable.h ---- */

#if !DDE_SINCE(6, 6)
#define pte_mkwrite_novma	pte_mkwrite
#define set_pte_at(mm, addr, ptep, pte)	set_pte(ptep, pte)
#endif

#if !DDE_SINCE(6, 16)
#define mk_pte(page, prot)	pfn_pte(page_to_pfn(page), prot)
#endif

#if !DDE_SINCE(7, 1)	/* since then the generic code has __zero_page */
#define DDE_HAS_ZERO_PAGE
#endif

#endif
