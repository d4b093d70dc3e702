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
static_assert(VMALLOC_END == DDE_VMAP_BASE + DDE_VMAP_SIZE);

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
	bool map;
	int err; /* the first map that failed */
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

static bool drop_stale(void);

/* The host limits the number of mappings.  At the limit, unmap what the kernel has
 * freed but not flushed yet. */
static int map(const struct run *run)
{
	int err = dde_call(mem->vmap(run->va, run->pa, run->len));

	if (err == -ENOMEM && drop_stale())
		err = dde_call(mem->vmap(run->va, run->pa, run->len));
	return err;
}

/*
 * A page that could not be unmapped stays mapped, as in a TLB that was not flushed,
 * and is tried again next time.  A page that could not be mapped is missing.
 */
static void run_end(struct run *run)
{
	int err;

	if (!run->len)
		return;
	err = run->map ? map(run) : dde_call(mem->vunmap(run->va, run->len));
	if (err)
		pr_err_ratelimited("vmalloc: the host cannot %s %lu bytes at %lx: error %d%s\n",
				   run->map ? "map" : "unmap", run->len, run->va, err,
				   err == -ENOMEM ? ", its limit of mappings is reached "
						    "(sysctl vm.max_map_count)"
						  : "");
	else
		mark(run);
	if (err && run->map && !run->err)
		run->err = err;
	run->len = 0;
}

static void run_add(struct run *run, unsigned long va, bool map, unsigned long pa)
{
	if (run->len &&
	    (run->map != map || run->va + run->len != va || (map && run->pa + run->len != pa)))
		run_end(run);
	if (!run->len) {
		run->va = va;
		run->pa = pa;
		run->map = map;
	}
	run->len += PAGE_SIZE;
}

static void sync_page(struct run *run, unsigned long va, pte_t pte)
{
	if (pte_present(pte))
		run_add(run, va, true, PFN_PHYS(pte_pfn(pte)));
	else if (pte_val(pte) & _PAGE_MAPPED)
		run_add(run, va, false, 0);
}

/* host_lock held. Unmaps pages that are in no page table any more. Return: any? */
static bool drop_stale(void)
{
	unsigned long va, next, end;
	struct run run = { .err = 0 };
	bool any = false;
	pte_t *ptep;

	for (va = VMALLOC_START; va < VMALLOC_END; va = next) {
		ptep = find_pte(va, &next);
		end = min(next, VMALLOC_END);
		for (; ptep && va < end; va += PAGE_SIZE, ptep++) {
			if (pte_present(*ptep) || !(pte_val(*ptep) & _PAGE_MAPPED))
				continue;
			run_add(&run, va, false, 0);
			any = true;
		}
	}
	run_end(&run);
	return any;
}

/*
 * Makes the host's mappings of [start, end) agree with the page tables.
 * Return: 0, or the error of the first page that could not be mapped.
 */
int dde_vmap_sync(unsigned long start, unsigned long end)
{
	unsigned long va = start & PAGE_MASK, next;
	struct run run = { .err = 0 };
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
	return run.err;
}
EXPORT_SYMBOL(dde_vmap_sync);

/* Mapping failed where no error could be returned; it may succeed now. */
bool dde_vmap_fault(unsigned long addr)
{
	unsigned long va = addr & PAGE_MASK, next;
	pte_t *ptep;

	if (va < VMALLOC_START || va >= VMALLOC_END)
		return false;
	ptep = find_pte(va, &next);
	return ptep && pte_present(*ptep) && !(pte_val(*ptep) & _PAGE_MAPPED) &&
	       !dde_vmap_sync(va, va + PAGE_SIZE);
}

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	dde_vmap_sync(start, end);
}
EXPORT_SYMBOL(flush_tlb_kernel_range);
