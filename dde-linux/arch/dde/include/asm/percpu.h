/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU variables. */
#ifndef _ASM_DDE_PERCPU_H
#define _ASM_DDE_PERCPU_H

#include <asm/dde_cpu.h>
#include <asm/percpu_unit.h>

#ifdef CONFIG_SMP

#define __my_cpu_offset	(dde_this_cpu->percpu_offset)

#else

#include <asm/cmpxchg.h>

/* One CPU: a single instruction is safe against interrupts. */
#define dde_this_cpu_op(insn, pcp, val)					\
do {									\
	__typeof__(pcp) __pv = (__typeof__(pcp))(val);			\
	asm volatile(insn " %[v], %[m]" : [m] "+m" (pcp)		\
		     : [v] "r" (__pv) : "memory", "cc");		\
} while (0)

#define dde_this_cpu_add_return(pcp, val)				\
({									\
	__typeof__(pcp) __pv = (__typeof__(pcp))(val);			\
	__typeof__(pcp) __ps = __pv;					\
	asm volatile("xadd %[v], %[m]" : [m] "+m" (pcp), [v] "+r" (__ps)	\
		     : : "memory", "cc");				\
	__ps + __pv;							\
})

#define this_cpu_add_1(pcp, val)	dde_this_cpu_op("add", pcp, val)
#define this_cpu_add_2(pcp, val)	dde_this_cpu_op("add", pcp, val)
#define this_cpu_add_4(pcp, val)	dde_this_cpu_op("add", pcp, val)
#define this_cpu_add_8(pcp, val)	dde_this_cpu_op("add", pcp, val)
#define this_cpu_and_1(pcp, val)	dde_this_cpu_op("and", pcp, val)
#define this_cpu_and_2(pcp, val)	dde_this_cpu_op("and", pcp, val)
#define this_cpu_and_4(pcp, val)	dde_this_cpu_op("and", pcp, val)
#define this_cpu_and_8(pcp, val)	dde_this_cpu_op("and", pcp, val)
#define this_cpu_or_1(pcp, val)		dde_this_cpu_op("or", pcp, val)
#define this_cpu_or_2(pcp, val)		dde_this_cpu_op("or", pcp, val)
#define this_cpu_or_4(pcp, val)		dde_this_cpu_op("or", pcp, val)
#define this_cpu_or_8(pcp, val)		dde_this_cpu_op("or", pcp, val)
#define this_cpu_add_return_1(pcp, val)	dde_this_cpu_add_return(pcp, val)
#define this_cpu_add_return_2(pcp, val)	dde_this_cpu_add_return(pcp, val)
#define this_cpu_add_return_4(pcp, val)	dde_this_cpu_add_return(pcp, val)
#define this_cpu_add_return_8(pcp, val)	dde_this_cpu_add_return(pcp, val)
#define this_cpu_read_1(pcp)		READ_ONCE(pcp)
#define this_cpu_read_2(pcp)		READ_ONCE(pcp)
#define this_cpu_read_4(pcp)		READ_ONCE(pcp)
#define this_cpu_read_8(pcp)		READ_ONCE(pcp)
#define this_cpu_write_1(pcp, val)	WRITE_ONCE(pcp, val)
#define this_cpu_write_2(pcp, val)	WRITE_ONCE(pcp, val)
#define this_cpu_write_4(pcp, val)	WRITE_ONCE(pcp, val)
#define this_cpu_write_8(pcp, val)	WRITE_ONCE(pcp, val)

#endif /* !CONFIG_SMP */

#include <asm-generic/percpu.h>

#endif
