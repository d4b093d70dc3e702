/* SPDX-License-Identifier: GPL-2.0-only */
/* Work in the context of an interrupt that a CPU raises for itself. */
#ifndef _ASM_DDE_IRQ_WORK_H
#define _ASM_DDE_IRQ_WORK_H

/* Yes: arch_irq_work_raise(). */
static inline bool arch_irq_work_has_interrupt(void)
{
	return true;
}

#endif
