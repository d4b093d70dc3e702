/* SPDX-License-Identifier: GPL-2.0-only */
/* Switching kernel threads. */
#ifndef _ASM_DDE_SWITCH_TO_H
#define _ASM_DDE_SWITCH_TO_H

#include <asm/dde_cpu.h>

struct task_struct *dde_switch_stack(unsigned long *save_sp, unsigned long next_sp,
				     struct task_struct *prev);

#define switch_to(prev, next, last)						\
do {										\
	dde_this_cpu->task = (next);						\
	(last) = dde_switch_stack(&(prev)->thread.sp, (next)->thread.sp, prev);	\
} while (0)

#endif
