// SPDX-License-Identifier: GPL-2.0-only
/*
 * User memory.  There are no user processes, but kernel code creates user mappings
 * (exec of process 1, tests) and copies to and from them.  User addresses are not
 * mapped in the host: each page is looked up in the page tables, and faulted in as
 * by a processor's page fault.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

struct access {
	struct mm_struct *mm;
	unsigned long user; /* address */
	void *to;           /* kernel memory to read into, or NULL */
	const void *from;   /* kernel memory to write; both NULL: write zeroes */
	bool write;
};

/* Under the RCU read lock. Return: the entry of the lowest directory, or NULL. */
static pmd_t *find_pmd(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;

	if (pgd_none(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return NULL;
	pud = pud_offset(p4d, addr);
	return pud_none(*pud) ? NULL : pmd_offset(pud, addr);
}

static bool permits(pte_t pte, bool write)
{
	unsigned long need = _PAGE_PRESENT | _PAGE_USER | (write ? _PAGE_RW : 0);

	return (pte_val(pte) & need) == need && pfn_valid(pte_pfn(pte));
}

static void copy_in_page(const struct access *a, void *page, unsigned long len)
{
	if (!a->write)
		memcpy(a->to, page, len);
	else if (a->from)
		memcpy(page, a->from, len);
	else
		memset(page, 0, len);
}

/* [user, user + len) is in one page. Return: whether it was copied. */
static bool access_page(const struct access *a, unsigned long len)
{
	bool done = false;
	spinlock_t *lock;
	pmd_t *pmd;
	pte_t *ptep, pte;

	rcu_read_lock();
	pmd = find_pmd(a->mm, a->user);
	ptep = pmd && !pmd_none(*pmd) ? pte_offset_map_lock(a->mm, pmd, a->user, &lock) : NULL;
	if (ptep) {
		pte = ptep_get(ptep);
		done = permits(pte, a->write);
		if (done) {
			pte = pte_mkyoung(pte);
			set_pte(ptep, a->write ? pte_mkdirty(pte) : pte);
			copy_in_page(a, __va(PFN_PHYS(pte_pfn(pte))) + offset_in_page(a->user),
				     len);
		}
		pte_unmap_unlock(ptep, lock);
	}
	rcu_read_unlock();
	return done;
}

/* What the page fault does elsewhere. Return: 0, then try again; -EFAULT, -EINTR. */
static int fault_in(const struct access *a)
{
	bool unlocked = false;
	int err;

	if (faulthandler_disabled())
		return -EFAULT;
	mmap_read_lock(a->mm);
	err = fixup_user_fault(a->mm, a->user, a->write ? FAULT_FLAG_WRITE : 0, &unlocked);
	mmap_read_unlock(a->mm);
	return err;
}

/* Return: bytes left. */
static unsigned long access_pages(struct access *a, unsigned long n)
{
	unsigned long len;

	if (!a->mm)
		return n;
	while (n) {
		len = min(n, PAGE_SIZE - offset_in_page(a->user));
		if (!access_page(a, len)) {
			if (fault_in(a))
				break;
			continue;
		}
		a->user += len;
		if (a->to)
			a->to += len;
		if (a->from)
			a->from += len;
		n -= len;
	}
	return n;
}

unsigned long raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	struct access a = { .mm = current->mm, .user = (unsigned long)from, .to = to };

	return access_pages(&a, n);
}
EXPORT_SYMBOL(raw_copy_from_user);

unsigned long raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	struct access a = {
		.mm = current->mm, .user = (unsigned long)to, .from = from, .write = true
	};

	return access_pages(&a, n);
}
EXPORT_SYMBOL(raw_copy_to_user);

unsigned long __clear_user(void __user *to, unsigned long n)
{
	struct access a = { .mm = current->mm, .user = (unsigned long)to, .write = true };

	return access_pages(&a, n);
}
EXPORT_SYMBOL(__clear_user);

int dde_get_user(void *to, const void __user *from, size_t size)
{
	if (!raw_copy_from_user(to, from, size))
		return 0;
	memset(to, 0, size);
	return -EFAULT;
}
EXPORT_SYMBOL(dde_get_user);

int dde_put_user(void __user *to, const void *from, size_t size)
{
	return raw_copy_to_user(to, from, size) ? -EFAULT : 0;
}
EXPORT_SYMBOL(dde_put_user);
