/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables that no hardware walks.  For vmalloc space, the host is told of changes
 * where the kernel flushes the TLB (mm/vmap.c).
 */
#ifndef _ASM_DDE_PGTABLE_H
#define _ASM_DDE_PGTABLE_H

#include <linux/const.h>
#include <asm/dde/compat.h>

#define PMD_SHIFT	21
#define PMD_SIZE	(_AC(1, UL) << PMD_SHIFT)
#define PMD_MASK	(~(PMD_SIZE - 1))
#define PUD_SHIFT	30
#define PUD_SIZE	(_AC(1, UL) << PUD_SHIFT)
#define PUD_MASK	(~(PUD_SIZE - 1))
#define PGDIR_SHIFT	39
#define PGDIR_SIZE	(_AC(1, UL) << PGDIR_SHIFT)
#define PGDIR_MASK	(~(PGDIR_SIZE - 1))

#define PTRS_PER_PTE	512
#define PTRS_PER_PMD	512
#define PTRS_PER_PUD	512
#define PTRS_PER_PGD	512
#define USER_PTRS_PER_PGD 256

#include <asm/page.h>
#include <asm-generic/pgtable-nop4d.h>
#include <asm/processor.h>

#define _PAGE_PRESENT		0x001UL
#define _PAGE_RW		0x002UL
#define _PAGE_USER		0x004UL
#define _PAGE_ACCESSED		0x008UL
#define _PAGE_DIRTY		0x010UL
#define _PAGE_SPECIAL		0x020UL
#define _PAGE_PROTNONE		0x040UL
#define _PAGE_MAPPED		0x080UL	/* the host has a mapping, perhaps an outdated one */
#define _PAGE_SWP_EXCLUSIVE	0x100UL

#define _PAGE_TABLE	(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _PAGE_CHG_MASK	(PAGE_MASK | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL)

#define PAGE_NONE	__pgprot(_PAGE_PROTNONE | _PAGE_ACCESSED)
#define PAGE_SHARED	__pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_READONLY	__pgprot(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_COPY	PAGE_READONLY
#define PAGE_KERNEL	__pgprot(_PAGE_TABLE)
#define PAGE_KERNEL_EXEC PAGE_KERNEL
#define PAGE_KERNEL_RO	__pgprot(_PAGE_PRESENT | _PAGE_ACCESSED)

/* The seam's DDE_VMAP_BASE; asm/io.h says why it is not included.  The end depends on
 * how many mappings the host allows. */
#define VMALLOC_START	0x200000000000UL
#define VMALLOC_END	dde_vmalloc_end
#define MODULES_VADDR	VMALLOC_START
#define MODULES_END	VMALLOC_END

#ifndef __ASSEMBLY__

extern unsigned long dde_vmalloc_end;
extern pgd_t swapper_pg_dir[PTRS_PER_PGD];
#ifdef DDE_HAS_ZERO_PAGE
extern void *empty_zero_page;
#define ZERO_PAGE(vaddr)	virt_to_page(empty_zero_page)
#endif

/* The host decides what a mapping maps and how it is cached. */
#define pgprot_writecombine(prot)	(prot)
#define pgprot_noncached(prot)		(prot)

#define PFN_PTE_SHIFT		PAGE_SHIFT
#define pte_pfn(pte)		(pte_val(pte) >> PAGE_SHIFT)
#define pte_page(pte)		pfn_to_page(pte_pfn(pte))
#define pfn_pte(pfn, prot)	__pte(((unsigned long)(pfn) << PAGE_SHIFT) | pgprot_val(prot))
#define pfn_pmd(pfn, prot)	__pmd(((unsigned long)(pfn) << PAGE_SHIFT) | pgprot_val(prot))

#define pte_none(pte)		(!(pte_val(pte) & ~_PAGE_MAPPED))
#define pte_present(pte)	(pte_val(pte) & (_PAGE_PRESENT | _PAGE_PROTNONE))

/* One test and one changed bit per function. */
#define DDE_PTE_TEST(name, bit)						\
static inline int pte_##name(pte_t pte)					\
{									\
	return !!(pte_val(pte) & (bit));				\
}
#define DDE_PTE_SET(name, bit)						\
static inline pte_t pte_##name(pte_t pte)				\
{									\
	return __pte(pte_val(pte) | (bit));				\
}
#define DDE_PTE_CLEAR(name, bit)					\
static inline pte_t pte_##name(pte_t pte)				\
{									\
	return __pte(pte_val(pte) & ~(bit));				\
}
#define __HAVE_ARCH_PTE_SWP_EXCLUSIVE	/* for older kernels */
DDE_PTE_TEST(write, _PAGE_RW)
DDE_PTE_TEST(dirty, _PAGE_DIRTY)
DDE_PTE_TEST(young, _PAGE_ACCESSED)
DDE_PTE_TEST(special, _PAGE_SPECIAL)
DDE_PTE_TEST(swp_exclusive, _PAGE_SWP_EXCLUSIVE)
DDE_PTE_SET(mkwrite_novma, _PAGE_RW)
DDE_PTE_SET(mkdirty, _PAGE_DIRTY)
DDE_PTE_SET(mkyoung, _PAGE_ACCESSED)
DDE_PTE_SET(mkspecial, _PAGE_SPECIAL)
DDE_PTE_SET(swp_mkexclusive, _PAGE_SWP_EXCLUSIVE)
DDE_PTE_CLEAR(wrprotect, _PAGE_RW)
DDE_PTE_CLEAR(mkclean, _PAGE_DIRTY)
DDE_PTE_CLEAR(mkold, _PAGE_ACCESSED)
DDE_PTE_CLEAR(swp_clear_exclusive, _PAGE_SWP_EXCLUSIVE)
#undef DDE_PTE_TEST
#undef DDE_PTE_SET
#undef DDE_PTE_CLEAR

static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	return __pte((pte_val(pte) & _PAGE_CHG_MASK) | pgprot_val(prot));
}

/* _PAGE_MAPPED stays set until the host has been told. */
static inline void set_pte(pte_t *ptep, pte_t pte)
{
	pte_val(*ptep) = pte_val(pte) | (pte_val(*ptep) & _PAGE_MAPPED);
}
#define pte_clear(mm, addr, ptep)	set_pte(ptep, __pte(0))

#define pmd_none(pmd)		(!pmd_val(pmd))
#define pmd_present(pmd)	(pmd_val(pmd) & _PAGE_PRESENT)
#define pmd_bad(pmd)		((pmd_val(pmd) & ~PAGE_MASK) != _PAGE_TABLE)
#define pmd_pfn(pmd)		(pmd_val(pmd) >> PAGE_SHIFT)
#define pmd_page(pmd)		pfn_to_page(pmd_pfn(pmd))
#define pmd_page_vaddr(pmd)	((unsigned long)__va(pmd_val(pmd) & PAGE_MASK))

static inline void set_pmd(pmd_t *pmdp, pmd_t pmd)
{
	*pmdp = pmd;
}

static inline void pmd_clear(pmd_t *pmdp)
{
	*pmdp = __pmd(0);
}

#define pud_none(pud)		(!pud_val(pud))
#define pud_present(pud)	(pud_val(pud) & _PAGE_PRESENT)
#define pud_bad(pud)		((pud_val(pud) & ~PAGE_MASK) != _PAGE_TABLE)
#define pud_pfn(pud)		(pud_val(pud) >> PAGE_SHIFT)
#define pud_page(pud)		pfn_to_page(pud_pfn(pud))
#define pud_pgtable(pud)	((pmd_t *)__va(pud_val(pud) & PAGE_MASK))

static inline void set_pud(pud_t *pudp, pud_t pud)
{
	*pudp = pud;
}

static inline void pud_clear(pud_t *pudp)
{
	*pudp = __pud(0);
}

/* A p4d entry is the pgd entry above it. */
static inline int p4d_none(p4d_t p4d)
{
	return !pgd_val(p4d.pgd);
}

static inline int p4d_present(p4d_t p4d)
{
	return pgd_val(p4d.pgd) & _PAGE_PRESENT;
}

static inline int p4d_bad(p4d_t p4d)
{
	return (pgd_val(p4d.pgd) & ~PAGE_MASK) != _PAGE_TABLE;
}

static inline void set_p4d(p4d_t *p4dp, p4d_t p4d)
{
	*p4dp = p4d;
}

static inline void p4d_clear(p4d_t *p4dp)
{
	p4dp->pgd = __pgd(0);
}

static inline pud_t *p4d_pgtable(p4d_t p4d)
{
	return (pud_t *)__va(pgd_val(p4d.pgd) & PAGE_MASK);
}
#define p4d_page(p4d)		pfn_to_page(pgd_val((p4d).pgd) >> PAGE_SHIFT)

#define pte_ERROR(pte)		pr_err("bad pte %lx\n", pte_val(pte))
#define pmd_ERROR(pmd)		pr_err("bad pmd %lx\n", pmd_val(pmd))
#define pud_ERROR(pud)		pr_err("bad pud %lx\n", pud_val(pud))
#define pgd_ERROR(pgd)		pr_err("bad pgd %lx\n", pgd_val(pgd))

/* A swapped page: type in bits 12..16, offset above, present bit clear. */
#define __swp_type(entry)		(((entry).val >> 12) & 0x1f)
#define __swp_offset(entry)		((entry).val >> 17)
#define __swp_entry(type, offset) \
	((swp_entry_t) { ((unsigned long)(type) << 12) | ((unsigned long)(offset) << 17) })
#define __pte_to_swp_entry(pte)		((swp_entry_t) { pte_val(pte) & ~_PAGE_MAPPED })
#define __swp_entry_to_pte(entry)	__pte((entry).val)

struct vm_area_struct;
struct vm_fault;

/* There is no MMU that caches entries. */
static inline void update_mmu_cache_range(struct vm_fault *vmf, struct vm_area_struct *vma,
					  unsigned long addr, pte_t *ptep, unsigned int nr)
{
}
#define update_mmu_cache(vma, addr, ptep) \
	update_mmu_cache_range(NULL, vma, addr, ptep, 1)

#endif /* !__ASSEMBLY__ */

#endif
