/* SPDX-License-Identifier: GPL-2.0-only */
/* Exchange and compare-and-exchange on 1, 2, 4 or 8 bytes. */
#ifndef _ASM_DDE_CMPXCHG_H
#define _ASM_DDE_CMPXCHG_H

#include <linux/compiler.h>

/*
 * With one CPU thread no bus lock is needed: interrupts occur only between
 * instructions.  Words that are shared with other host threads, as in struct dde_cpu,
 * are accessed with the compiler's __atomic functions instead.
 */
#ifdef CONFIG_SMP
#define DDE_LOCK "lock; "
#else
#define DDE_LOCK
#endif

#define arch_cmpxchg(ptr, old, new)					\
({									\
	__typeof__(ptr) __cp = (ptr);					\
	__typeof__(*__cp) __co = (__typeof__(*__cp))(old);		\
	__typeof__(*__cp) __cn = (__typeof__(*__cp))(new);		\
	asm volatile(DDE_LOCK "cmpxchg %[n], %[m]"			\
		     : "+a" (__co), [m] "+m" (*__cp)			\
		     : [n] "r" (__cn) : "memory", "cc");		\
	__co;								\
})

#define arch_try_cmpxchg(ptr, pold, new)				\
({									\
	__typeof__(ptr) __cp = (ptr);					\
	__typeof__(*__cp) *__cop = (__typeof__(*__cp) *)(pold);		\
	__typeof__(*__cp) __co = *__cop;				\
	__typeof__(*__cp) __cn = (__typeof__(*__cp))(new);		\
	bool __ok;							\
	asm volatile(DDE_LOCK "cmpxchg %[n], %[m]"			\
		     : "=@ccz" (__ok), "+a" (__co), [m] "+m" (*__cp)	\
		     : [n] "r" (__cn) : "memory");			\
	if (unlikely(!__ok))						\
		*__cop = __co;						\
	likely(__ok);							\
})

#ifdef CONFIG_SMP
/* xchg with a memory operand always locks the bus, so UP uses cmpxchg. */
#define arch_xchg(ptr, new)						\
({									\
	__typeof__(ptr) __xp = (ptr);					\
	__typeof__(*__xp) __xn = (__typeof__(*__xp))(new);		\
	asm volatile("xchg %[n], %[m]"					\
		     : [n] "+r" (__xn), [m] "+m" (*__xp) : : "memory");	\
	__xn;								\
})
#else
#define arch_xchg(ptr, new)						\
({									\
	__typeof__(ptr) __xp = (ptr);					\
	__typeof__(*__xp) __xn = (__typeof__(*__xp))(new);		\
	__typeof__(*__xp) __xo = *(volatile __typeof__(*__xp) *)__xp;	\
	while (!arch_try_cmpxchg(__xp, &__xo, __xn))			\
		;							\
	__xo;								\
})
#endif

#define arch_cmpxchg_local	arch_cmpxchg
#define arch_cmpxchg64		arch_cmpxchg
#define arch_cmpxchg64_local	arch_cmpxchg
#define arch_try_cmpxchg64	arch_try_cmpxchg

#endif
