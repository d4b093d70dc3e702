/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts on and off: a word in memory. */
#ifndef _ASM_DDE_IRQFLAGS_H
#define _ASM_DDE_IRQFLAGS_H

#include <asm/dde_cpu.h>

#define ARCH_IRQ_ENABLED	0
#define ARCH_IRQ_DISABLED	1

static __always_inline unsigned long arch_local_save_flags(void)
{
	return dde_this_cpu->irq_off;
}
#define arch_local_save_flags arch_local_save_flags

static __always_inline void arch_local_irq_disable(void)
{
	dde_this_cpu->irq_off = ARCH_IRQ_DISABLED;
	barrier();
}
#define arch_local_irq_disable arch_local_irq_disable

/*
 * The test sees an interrupt raised between the store and the test.  A later one is
 * delivered when the raiser's signal arrives.
 */
static __always_inline void arch_local_irq_enable(void)
{
	barrier();
	dde_this_cpu->irq_off = ARCH_IRQ_ENABLED;
	barrier();
	if (unlikely(dde_this_cpu->irq_pending))
		dde_irq_deliver();
}
#define arch_local_irq_enable arch_local_irq_enable

static __always_inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags = arch_local_save_flags();

	arch_local_irq_disable();
	return flags;
}
#define arch_local_irq_save arch_local_irq_save

static __always_inline void arch_local_irq_restore(unsigned long flags)
{
	if (flags == ARCH_IRQ_ENABLED)
		arch_local_irq_enable();
	else
		arch_local_irq_disable();
}
#define arch_local_irq_restore arch_local_irq_restore

#include <asm-generic/irqflags.h>

#endif
