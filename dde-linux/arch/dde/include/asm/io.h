/* SPDX-License-Identifier: GPL-2.0-only */
/* Device memory and ports: direct accesses, or down-calls if the address says so. */
#ifndef _ASM_DDE_IO_H
#define _ASM_DDE_IO_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Flags in an address from ioremap(): the seam's DDE_MMIO_CALL and _PORT.  Defined
 * again, so that a change of the seam does not recompile every user of this file. */
#define DDE_IO_CALL	(1UL << 62)
#define DDE_IO_PORT	(1UL << 61)

/* Interrupts may be on or off. addr: from ioremap(), with DDE_IO_CALL set. */
u64 dde_mmio_read(unsigned long addr, u32 size);
void dde_mmio_write(unsigned long addr, u32 size, u64 value);

static __always_inline bool dde_mmio_by_call(const volatile void __iomem *addr)
{
	return unlikely((unsigned long)addr & DDE_IO_CALL);
}

#define DDE_IO_ACCESS(suffix, type)						\
static __always_inline type __raw_read##suffix(const volatile void __iomem *addr) \
{										\
	if (dde_mmio_by_call(addr))						\
		return dde_mmio_read((unsigned long)addr, sizeof(type));	\
	return *(const volatile type __force *)addr;				\
}										\
static __always_inline void __raw_write##suffix(type value, volatile void __iomem *addr) \
{										\
	if (dde_mmio_by_call(addr))						\
		dde_mmio_write((unsigned long)addr, sizeof(type), value);	\
	else									\
		*(volatile type __force *)addr = value;				\
}
DDE_IO_ACCESS(b, u8)
DDE_IO_ACCESS(w, u16)
DDE_IO_ACCESS(l, u32)
DDE_IO_ACCESS(q, u64)
#undef DDE_IO_ACCESS

#define __raw_readb __raw_readb
#define __raw_readw __raw_readw
#define __raw_readl __raw_readl
#define __raw_readq __raw_readq
#define __raw_writeb __raw_writeb
#define __raw_writew __raw_writew
#define __raw_writel __raw_writel
#define __raw_writeq __raw_writeq

/* The processor orders stores to memory before later stores to a device. */
#define __io_br()	barrier()
#define __io_ar(v)	barrier()
#define __io_bw()	barrier()
#define __io_aw()	do { } while (0)

/* Ports are always accessed by call. */
#define PCI_IOBASE	((void __iomem *)(DDE_IO_CALL | DDE_IO_PORT))
#define IO_SPACE_LIMIT	0xffff

void __iomem *ioremap(phys_addr_t phys, size_t size);
void iounmap(volatile void __iomem *addr);
#define ioremap		ioremap
#define iounmap		iounmap
#define ioremap_wc	ioremap
#define ioremap_wt	ioremap_wt
#define ioremap_uc	ioremap

/* For memremap(): NULL if the memory can only be accessed by call. */
void *dde_memremap(phys_addr_t phys, size_t size);
#define arch_memremap_wb(phys, size, ...) dde_memremap(phys, size) /* newer kernels: flags */
/* Only memremap() and drivers of old frame buffers use it. */
static inline void __iomem *ioremap_wt(phys_addr_t phys, size_t size)
{
	return (void __iomem __force *)dde_memremap(phys, size);
}

void memcpy_fromio(void *to, const volatile void __iomem *from, size_t len);
void memcpy_toio(volatile void __iomem *to, const void *from, size_t len);
void memset_io(volatile void __iomem *to, int value, size_t len);
#define memcpy_fromio	memcpy_fromio
#define memcpy_toio	memcpy_toio
#define memset_io	memset_io

#include <asm-generic/io.h>

#endif
