/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory barriers of an x86 processor. */
#ifndef _ASM_DDE_BARRIER_H
#define _ASM_DDE_BARRIER_H

#include <asm/vdso/processor.h>

/* Against devices, write-combined memory included. */
#define mb()		asm volatile("mfence" : : : "memory")
#define rmb()		asm volatile("lfence" : : : "memory")
#define wmb()		asm volatile("sfence" : : : "memory")
/* Coherent memory: loads and stores each keep their order. */
#define dma_rmb()	barrier()
#define dma_wmb()	barrier()

#define __smp_mb()	asm volatile("lock; addl $0,-4(%%rsp)" : : : "memory", "cc")
#define __smp_rmb()	barrier()
#define __smp_wmb()	barrier()
#ifdef CONFIG_SMP
#define __smp_mb__before_atomic()	barrier()
#define __smp_mb__after_atomic()	barrier()
#endif

#include <asm-generic/barrier.h>

#endif
