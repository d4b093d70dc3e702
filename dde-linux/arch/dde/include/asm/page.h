/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of the pool: physical and virtual addresses are equal. */
#ifndef _ASM_DDE_PAGE_H
#define _ASM_DDE_PAGE_H

#include <linux/const.h>

#if __has_include(<vdso/page.h>)
#include <vdso/page.h>
#else
#define PAGE_SHIFT	12
#define PAGE_SIZE	(_AC(1, UL) << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#endif

#ifndef __ASSEMBLY__

#include <linux/types.h>

/* The pool, from dde_boot: [base, end). */
extern unsigned long dde_pool_base;
extern unsigned long dde_pool_end;
extern unsigned long dde_pool_pfn;

#define PAGE_OFFSET		dde_pool_base
#define ARCH_PFN_OFFSET		dde_pool_pfn

typedef struct { unsigned long pte; } pte_t;
typedef struct { unsigned long pmd; } pmd_t;
typedef struct { unsigned long pud; } pud_t;
typedef struct { unsigned long pgd; } pgd_t;
typedef struct { unsigned long pgprot; } pgprot_t;
typedef struct page *pgtable_t;

#define pte_val(x)		((x).pte)
#define pmd_val(x)		((x).pmd)
#define pud_val(x)		((x).pud)
#define pgd_val(x)		((x).pgd)
#define pgprot_val(x)		((x).pgprot)
#define __pte(x)		((pte_t) { (x) })
#define __pmd(x)		((pmd_t) { (x) })
#define __pud(x)		((pud_t) { (x) })
#define __pgd(x)		((pgd_t) { (x) })
#define __pgprot(x)		((pgprot_t) { (x) })

void clear_page(void *page);
void copy_page(void *to, const void *from);
#define clear_user_page(page, vaddr, pg)	clear_page(page)
#define copy_user_page(to, from, vaddr, pg)	copy_page(to, from)

#define __pa(x)			((unsigned long)(x))
#define __va(x)			((void *)(unsigned long)(x))

static inline unsigned long virt_to_pfn(const void *kaddr)
{
	return __pa(kaddr) >> PAGE_SHIFT;
}

#define pfn_to_virt(pfn)	__va((unsigned long)(pfn) << PAGE_SHIFT)
#define page_to_virt(page)	pfn_to_virt(page_to_pfn(page))
#define virt_to_page(kaddr)	pfn_to_page(virt_to_pfn((const void *)(kaddr)))
#define virt_addr_valid(kaddr) \
	((unsigned long)(kaddr) >= dde_pool_base && (unsigned long)(kaddr) < dde_pool_end)

#include <asm-generic/memory_model.h>

/* What older kernels leave to the architecture. */
#ifndef page_to_phys
#define page_to_phys(page)	((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#endif
#ifndef pfn_valid
static inline int pfn_valid(unsigned long pfn)
{
	extern unsigned long max_mapnr;

	return pfn - dde_pool_pfn < max_mapnr;
}
#define pfn_valid pfn_valid
#endif

#include <asm-generic/getorder.h>

#endif /* !__ASSEMBLY__ */

#endif
