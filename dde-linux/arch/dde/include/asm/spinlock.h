/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spin locks for several CPUs.  Deliberately unfair: with more CPUs than cores, the
 * next in a queue could be a host thread that is not running.  cpu_relax() yields.
 */
#ifndef _ASM_DDE_SPINLOCK_H
#define _ASM_DDE_SPINLOCK_H

#include <linux/compiler.h>
#include <asm/vdso/processor.h>

static __always_inline int arch_spin_is_locked(arch_spinlock_t *lock)
{
	return READ_ONCE(lock->taken);
}

static __always_inline int arch_spin_value_unlocked(arch_spinlock_t lock)
{
	return !lock.taken;
}

static __always_inline int arch_spin_is_contended(arch_spinlock_t *lock)
{
	return arch_spin_is_locked(lock);
}

static __always_inline int arch_spin_trylock(arch_spinlock_t *lock)
{
	return !arch_spin_is_locked(lock) &&
	       !__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE);
}

static __always_inline void arch_spin_lock(arch_spinlock_t *lock)
{
	while (unlikely(!arch_spin_trylock(lock)))
		cpu_relax();
}

static __always_inline void arch_spin_unlock(arch_spinlock_t *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

#include <asm/qrwlock.h>

#endif
