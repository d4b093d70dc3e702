/* SPDX-License-Identifier: GPL-2.0-only */
/* Atomic counters: single read-modify-write instructions. */
#ifndef _ASM_DDE_ATOMIC_H
#define _ASM_DDE_ATOMIC_H

#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/cmpxchg.h>

#define ATOMIC64_INIT(i) { (i) }

#define arch_atomic_read(v)		READ_ONCE((v)->counter)
#define arch_atomic_set(v, i)		WRITE_ONCE((v)->counter, (i))
#define arch_atomic64_read(v)		READ_ONCE((v)->counter)
#define arch_atomic64_set(v, i)		WRITE_ONCE((v)->counter, (i))

/* Without a result. */
#define DDE_ATOMIC_VOID(prefix, op, insn, type, vtype)			\
static __always_inline void prefix##_##op(type i, vtype *v)		\
{									\
	asm volatile(DDE_LOCK insn " %[i], %[m]"			\
		     : [m] "+m" (v->counter) : [i] "r" (i)		\
		     : "memory", "cc");					\
}

/* Return: the counter's previous value. */
#define DDE_ATOMIC_FETCH(prefix, op, c_op, type, vtype)			\
static __always_inline type prefix##_fetch_##op(type i, vtype *v)	\
{									\
	type old = READ_ONCE(v->counter);				\
									\
	while (!arch_try_cmpxchg(&v->counter, &old, old c_op i))	\
		;							\
	return old;							\
}

#define DDE_ATOMIC_OPS(prefix, type, vtype)				\
DDE_ATOMIC_VOID(prefix, add, "add", type, vtype)			\
DDE_ATOMIC_VOID(prefix, sub, "sub", type, vtype)			\
DDE_ATOMIC_VOID(prefix, and, "and", type, vtype)			\
DDE_ATOMIC_VOID(prefix, or, "or", type, vtype)				\
DDE_ATOMIC_VOID(prefix, xor, "xor", type, vtype)			\
DDE_ATOMIC_FETCH(prefix, and, &, type, vtype)				\
DDE_ATOMIC_FETCH(prefix, or, |, type, vtype)				\
DDE_ATOMIC_FETCH(prefix, xor, ^, type, vtype)				\
static __always_inline type prefix##_fetch_add(type i, vtype *v)	\
{									\
	asm volatile(DDE_LOCK "xadd %[i], %[m]"				\
		     : [i] "+r" (i), [m] "+m" (v->counter)		\
		     : : "memory", "cc");				\
	return i;							\
}									\
static __always_inline type prefix##_fetch_sub(type i, vtype *v)	\
{									\
	return prefix##_fetch_add(-i, v);				\
}									\
static __always_inline type prefix##_add_return(type i, vtype *v)	\
{									\
	return prefix##_fetch_add(i, v) + i;				\
}									\
static __always_inline type prefix##_sub_return(type i, vtype *v)	\
{									\
	return prefix##_fetch_add(-i, v) - i;				\
}									\
static __always_inline bool prefix##_sub_and_test(type i, vtype *v)	\
{									\
	bool zero;							\
									\
	asm volatile(DDE_LOCK "sub %[i], %[m]"				\
		     : "=@ccz" (zero), [m] "+m" (v->counter)		\
		     : [i] "r" (i) : "memory");				\
	return zero;							\
}									\
static __always_inline bool prefix##_dec_and_test(vtype *v)		\
{									\
	return prefix##_sub_and_test(1, v);				\
}

DDE_ATOMIC_OPS(arch_atomic, int, atomic_t)
DDE_ATOMIC_OPS(arch_atomic64, s64, atomic64_t)

#undef DDE_ATOMIC_OPS
#undef DDE_ATOMIC_FETCH
#undef DDE_ATOMIC_VOID

#define arch_atomic_fetch_add		arch_atomic_fetch_add
#define arch_atomic_fetch_sub		arch_atomic_fetch_sub
#define arch_atomic_fetch_and		arch_atomic_fetch_and
#define arch_atomic_fetch_or		arch_atomic_fetch_or
#define arch_atomic_fetch_xor		arch_atomic_fetch_xor
#define arch_atomic_add_return		arch_atomic_add_return
#define arch_atomic_sub_return		arch_atomic_sub_return
#define arch_atomic_sub_and_test	arch_atomic_sub_and_test
#define arch_atomic_dec_and_test	arch_atomic_dec_and_test
#define arch_atomic64_fetch_add		arch_atomic64_fetch_add
#define arch_atomic64_fetch_sub		arch_atomic64_fetch_sub
#define arch_atomic64_fetch_and		arch_atomic64_fetch_and
#define arch_atomic64_fetch_or		arch_atomic64_fetch_or
#define arch_atomic64_fetch_xor		arch_atomic64_fetch_xor
#define arch_atomic64_add_return	arch_atomic64_add_return
#define arch_atomic64_sub_return	arch_atomic64_sub_return
#define arch_atomic64_sub_and_test	arch_atomic64_sub_and_test
#define arch_atomic64_dec_and_test	arch_atomic64_dec_and_test

/* Older generic code does not make these of the plain operations. */
#define arch_atomic_xchg(v, new)		arch_xchg(&(v)->counter, new)
#define arch_atomic_cmpxchg(v, old, new)	arch_cmpxchg(&(v)->counter, old, new)
#define arch_atomic64_xchg(v, new)		arch_xchg(&(v)->counter, new)
#define arch_atomic64_cmpxchg(v, old, new)	arch_cmpxchg(&(v)->counter, old, new)

#endif
