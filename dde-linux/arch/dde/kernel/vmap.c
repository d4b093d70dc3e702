// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmalloc space: what the kernel writes into its page tables becomes mappings
 * of the pool in the reserved address range of the host process.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/vmalloc.h>
#include <asm/cacheflush.h>
#include <asm/tlbflush.h>
#include "internal.h"

pgd_t swapper_pg_dir[PTRS_PER_PGD] __aligned(PAGE_SIZE);
EXPORT_SYMBOL(swapper_pg_dir);

static const pgprot_t protection_map[16] = {
	[0] = PAGE_NONE,
	[1 ... 15] = PAGE_SHARED,
};
DECLARE_VM_GET_PAGE_PROT

/* Neighbouring pages that need the same call. */
struct run {
	unsigned long va;
	unsigned long pa;	/* of maps */
	unsigned long len;	/* bytes, 0: empty */
	bool map;
};

static void run_end(struct run *run)
{
	int err;

	if (!run->len)
		return;
	if (run->map)
		err = dde_call(mem->vmap(run->va, run->pa, run->len));
	else
		err = dde_call(mem->vunmap(run->va, run->len));
	/* The callers cannot be told, and to go on would be to use what is not there. */
	if (err)
		panic("host cannot %s %lu bytes at %lx: error %d (vm.max_map_count reached?)",
		      run->map ? "map" : "unmap", run->len, run->va, err);
	run->len = 0;
}

static void run_add(struct run *run, unsigned long va, bool map, unsigned long pa)
{
	if (run->len && (run->map != map || run->va + run->len != va ||
			 (map && run->pa + run->len != pa)))
		run_end(run);
	if (!run->len)
		*run = (struct run) { .va = va, .pa = pa, .map = map };
	run->len += PAGE_SIZE;
}

static void sync_page(struct run *run, unsigned long va, pte_t *ptep)
{
	pte_t pte = *ptep;

	if (pte_present(pte)) {
		pte_val(*ptep) = pte_val(pte) | _PAGE_MAPPED;
		run_add(run, va, true, PFN_PHYS(pte_pfn(pte)));
	} else if (pte_val(pte) & _PAGE_MAPPED) {
		pte_val(*ptep) = pte_val(pte) & ~_PAGE_MAPPED;
		run_add(run, va, false, 0);
	}
}

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

/* Makes the host's mappings of [start, end) agree with the page tables. */
void dde_vmap_sync(unsigned long start, unsigned long end)
{
	unsigned long va = start & PAGE_MASK, next;
	struct run run = { .len = 0 };
	pte_t *ptep;

	end = min(end, VMALLOC_END);
	for (va = max(va, VMALLOC_START); va < end; va = next) {
		ptep = find_pte(va, &next);
		if (!ptep)
			continue;
		for (; va < min(next, end); va += PAGE_SIZE, ptep++)
			sync_page(&run, va, ptep);
	}
	run_end(&run);
}
EXPORT_SYMBOL(dde_vmap_sync);

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	dde_vmap_sync(start, end);
}
EXPORT_SYMBOL(flush_tlb_kernel_range);
