/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel thread. */
#ifndef _ASM_DDE_CURRENT_H
#define _ASM_DDE_CURRENT_H

#include <asm/dde_cpu.h>

/* Not volatile: it does not change within a function. */
static __always_inline struct task_struct *get_current(void)
{
#ifdef CONFIG_SMP
	return ((struct dde_cpu __seg_fs *)dde_cpu_distance)->task;
#else
	return dde_boot_cpu.task;
#endif
}

#define current get_current()

#endif
