/* SPDX-License-Identifier: GPL-2.0-only */
/* cpu_relax(): where busy loops take interrupts. */
#ifndef _ASM_DDE_VDSO_PROCESSOR_H
#define _ASM_DDE_VDSO_PROCESSOR_H

#include <asm/dde_cpu.h>

#ifdef CONFIG_SMP
void dde_cpu_yield(void);
#endif

static __always_inline void cpu_relax(void)
{
	__builtin_ia32_pause();
	if (unlikely(dde_this_cpu->irq_pending))
		dde_irq_poll();
#ifdef CONFIG_SMP
	/* With more CPUs than cores the holder of a lock may wait for ours. */
	if (unlikely((++dde_this_cpu->spins & 127) == 0))
		dde_cpu_yield();
#endif
}
#define cpu_relax cpu_relax

#endif
