// SPDX-License-Identifier: GPL-2.0-only
/* Device memory: mappings, and accesses that go through the host. */
#include <linux/export.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "../compat.h"
#include "../kernel/kernel.h"

static_assert(DDE_IO_CALL == DDE_MMIO_CALL && DDE_IO_PORT == DDE_MMIO_PORT);

u64 dde_mmio_read(unsigned long addr, u32 size)
{
	return dde_call(pci->mmio_read(addr, size));
}
EXPORT_SYMBOL(dde_mmio_read);

void dde_mmio_write(unsigned long addr, u32 size, u64 value)
{
	dde_call_void(pci->mmio_write(addr, size, value));
}
EXPORT_SYMBOL(dde_mmio_write);

/* For iounmap(); an address may be mapped more than once. */
struct mapping {
	struct list_head list;
	unsigned long addr;
	size_t size;
};

static LIST_HEAD(mappings);
static DEFINE_SPINLOCK(mappings_lock);

void __iomem *ioremap(phys_addr_t phys, size_t size)
{
	struct mapping *m;
	unsigned long flags;

	if (!dde_down->pci || !size || phys + size - 1 < phys)
		return NULL;
	if (WARN_ONCE(phys < dde_pool_end && phys + size > dde_pool_base,
		      "ioremap of ordinary memory at %pa\n", &phys))
		return NULL;
	m = kmalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return NULL;
	m->size = size;
	m->addr = dde_call(pci->mmio_map(phys, size));
	if (!m->addr) {
		kfree(m);
		return NULL;
	}
	spin_lock_irqsave(&mappings_lock, flags);
	list_add(&m->list, &mappings);
	spin_unlock_irqrestore(&mappings_lock, flags);
	return (void __iomem *)m->addr;
}
EXPORT_SYMBOL(ioremap);

void iounmap(volatile void __iomem *addr)
{
	struct mapping *m, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&mappings_lock, flags);
	list_for_each_entry(m, &mappings, list) {
		if (m->addr == (unsigned long)addr) {
			found = m;
			list_del(&m->list);
			break;
		}
	}
	spin_unlock_irqrestore(&mappings_lock, flags);
	if (WARN_ONCE(!found, "iounmap of %lx, which is not mapped\n", (unsigned long)addr))
		return;
	dde_call_void(pci->mmio_unmap(found->addr, found->size));
	kfree(found);
}
EXPORT_SYMBOL(iounmap);

void *dde_memremap(phys_addr_t phys, size_t size)
{
	void __iomem *at = ioremap(phys, size);

	if (!at || !dde_mmio_by_call(at))
		return (void __force *)at;
	pr_warn_ratelimited("memremap of %pa: an emulated device's memory has no address\n", &phys);
	iounmap(at);
	return NULL;
}
EXPORT_SYMBOL_GPL(dde_memremap);

/* Copies are aligned on the device's side, and use eight bytes at a time if possible. */

void memcpy_fromio(void *to, const volatile void __iomem *from, size_t len)
{
	for (; len && !IS_ALIGNED((unsigned long)from, 8); from++, to++, len--)
		*(u8 *)to = __raw_readb(from);
	for (; len >= 8; from += 8, to += 8, len -= 8)
		put_unaligned(__raw_readq(from), (u64 *)to);
	for (; len; from++, to++, len--)
		*(u8 *)to = __raw_readb(from);
}
EXPORT_SYMBOL(memcpy_fromio);

void memcpy_toio(volatile void __iomem *to, const void *from, size_t len)
{
	for (; len && !IS_ALIGNED((unsigned long)to, 8); from++, to++, len--)
		__raw_writeb(*(const u8 *)from, to);
	for (; len >= 8; from += 8, to += 8, len -= 8)
		__raw_writeq(get_unaligned((const u64 *)from), to);
	for (; len; from++, to++, len--)
		__raw_writeb(*(const u8 *)from, to);
}
EXPORT_SYMBOL(memcpy_toio);

void memset_io(volatile void __iomem *to, int value, size_t len)
{
	u64 word = (u8)value * 0x0101010101010101ull;

	for (; len && !IS_ALIGNED((unsigned long)to, 8); to++, len--)
		__raw_writeb(word, to);
	for (; len >= 8; to += 8, len -= 8)
		__raw_writeq(word, to);
	for (; len; to++, len--)
		__raw_writeb(word, to);
}
EXPORT_SYMBOL(memset_io);
