// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmalloc space: maps the pool, in the reserved address range of the host process,
 * as the kernel's page tables say.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <asm/cacheflush.h>
#include <asm/tlbflush.h>
#include "../kernel/kernel.h"
#include "mm.h"

static_assert(VMALLOC_START == DDE_VMAP_BASE);

unsigned long dde_vmalloc_end __ro_after_init;
EXPORT_SYMBOL(dde_vmalloc_end);

pgd_t swapper_pg_dir[PTRS_PER_PGD] __aligned(PAGE_SIZE);
EXPORT_SYMBOL(swapper_pg_dir);

/* By VM_READ, VM_WRITE, VM_EXEC; with VM_SHARED in the upper half. */
static const pgprot_t protection_map[16] = {
	[0] = PAGE_NONE,
	[VM_READ] = PAGE_READONLY,
	[VM_WRITE... VM_WRITE | VM_READ] = PAGE_COPY,
	[VM_EXEC... VM_EXEC | VM_READ] = PAGE_READONLY,
	[VM_EXEC | VM_WRITE... VM_EXEC | VM_WRITE | VM_READ] = PAGE_COPY,
	[VM_SHARED] = PAGE_NONE,
	[VM_SHARED | VM_READ] = PAGE_READONLY,
	[VM_SHARED | VM_WRITE... VM_SHARED | VM_WRITE | VM_READ] = PAGE_SHARED,
	[VM_SHARED | VM_EXEC... VM_SHARED | VM_EXEC | VM_READ] = PAGE_READONLY,
	[VM_SHARED | VM_EXEC | VM_WRITE... VM_SHARED | VM_EXEC | VM_WRITE | VM_READ] = PAGE_SHARED,
};
DECLARE_VM_GET_PAGE_PROT

/* Return: the entry for @va, or NULL and in *next the end of the hole. */
static pte_t *find_pte(unsigned long va, unsigned long *next)
{
	p4d_t *p4d = p4d_offset(pgd_offset_k(va), va);
	pud_t *pud;
	pmd_t *pmd;

	*next = (va & PGDIR_MASK) + PGDIR_SIZE;
	if (p4d_none(*p4d))
		return NULL;
	pud = pud_offset(p4d, va);
	*next = (va & PUD_MASK) + PUD_SIZE;
	if (pud_none(*pud))
		return NULL;
	pmd = pmd_offset(pud, va);
	*next = (va & PMD_MASK) + PMD_SIZE;
	if (pmd_none(*pmd))
		return NULL;
	return pte_offset_kernel(pmd, va);
}

/* A range that one CPU flushes may hold pages that another maps.  One at a time, or
 * the old page's unmapping could follow the new page's mapping. */
static DEFINE_RAW_SPINLOCK(host_lock);

/* Neighbouring pages that one down-call can handle. */
struct run {
	unsigned long va;
	unsigned long pa;  /* of maps */
	unsigned long len; /* bytes, 0: empty */
	bool map, writable;
};

/*
 * The host's mappings of the run agree with the page tables.  Another CPU may be
 * changing entries in between, so only the bit is touched.
 */
static void mark(const struct run *run)
{
	unsigned long va = run->va, next;
	pte_t *ptep;

	for (; va < run->va + run->len; va += PAGE_SIZE) {
		ptep = find_pte(va, &next);
		if (run->map)
			__atomic_fetch_or(&pte_val(*ptep), _PAGE_MAPPED, __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&pte_val(*ptep), ~_PAGE_MAPPED, __ATOMIC_RELAXED);
	}
}

/*
 * vmalloc space has no more pages than the host allows mappings, so that these calls do
 * not fail unless something else in the process uses up the mappings.  A page that could
 * not be unmapped then stays mapped, as in a TLB that was not flushed, and is tried again
 * next time.  A page that could not be mapped is tried again when it is accessed, which
 * else is a fault that says so.
 */
static void run_end(struct run *run)
{
	int err;

	if (!run->len)
		return;
	err = run->map ? dde_call(mem->vmap(run->va, run->pa, run->len, run->writable))
		       : dde_call(mem->vunmap(run->va, run->len));
	if (err)
		pr_err_ratelimited("vmalloc: the host cannot %s %lu bytes at %lx: error %d%s\n",
				   run->map ? "map" : "unmap", run->len, run->va, err,
				   err == -ENOMEM ? ", its limit of mappings is reached "
						    "(sysctl vm.max_map_count)"
						  : "");
	else
		mark(run);
	run->len = 0;
}

/* Does the page continue the run? */
static bool continues(const struct run *run, const struct run *page)
{
	if (run->va + run->len != page->va || run->map != page->map)
		return false;
	return !run->map || (run->pa + run->len == page->pa && run->writable == page->writable);
}

static void sync_page(struct run *run, unsigned long va, pte_t pte)
{
	struct run page = { .va = va, .map = pte_present(pte) };

	if (page.map) {
		page.pa = PFN_PHYS(pte_pfn(pte));
		page.writable = pte_write(pte);
	} else if (!(pte_val(pte) & _PAGE_MAPPED)) {
		return;
	}
	if (!continues(run, &page)) {
		run_end(run);
		*run = page;
	}
	run->len += PAGE_SIZE;
}

void dde_vmap_sync(unsigned long start, unsigned long end)
{
	unsigned long va = start & PAGE_MASK, next;
	struct run run = { .len = 0 };
	unsigned long flags;
	pte_t *ptep;

	raw_spin_lock_irqsave(&host_lock, flags);
	end = min(end, VMALLOC_END);
	for (va = max(va, VMALLOC_START); va < end; va = next) {
		ptep = find_pte(va, &next);
		if (!ptep)
			continue;
		for (; va < min(next, end); va += PAGE_SIZE, ptep++)
			sync_page(&run, va, *ptep);
	}
	run_end(&run);
	raw_spin_unlock_irqrestore(&host_lock, flags);
}
EXPORT_SYMBOL(dde_vmap_sync);

bool dde_vmap_missing(unsigned long addr)
{
	unsigned long va = addr & PAGE_MASK, next;
	pte_t *ptep;

	if (va < VMALLOC_START || va >= VMALLOC_END)
		return false;
	ptep = find_pte(va, &next);
	return ptep && pte_present(*ptep) && !(pte_val(*ptep) & _PAGE_MAPPED);
}

bool dde_vmap_fault(unsigned long addr)
{
	unsigned long va = addr & PAGE_MASK;

	if (!dde_vmap_missing(addr))
		return false;
	dde_vmap_sync(va, va + PAGE_SIZE);
	return !dde_vmap_missing(addr);
}

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	dde_vmap_sync(start, end);
}
EXPORT_SYMBOL(flush_tlb_kernel_range);
