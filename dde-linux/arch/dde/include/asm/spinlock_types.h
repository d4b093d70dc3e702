/* SPDX-License-Identifier: GPL-2.0-only */
/* A spin lock: taken or not. */
#ifndef _ASM_DDE_SPINLOCK_TYPES_H
#define _ASM_DDE_SPINLOCK_TYPES_H

typedef struct {
	unsigned int taken;
} arch_spinlock_t;

#define __ARCH_SPIN_LOCK_UNLOCKED { 0 }

#include <asm-generic/qrwlock_types.h>

#endif
