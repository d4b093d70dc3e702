/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic preemption count; a place to reschedule also takes interrupts. */
#ifndef _ASM_DDE_PREEMPT_H
#define _ASM_DDE_PREEMPT_H

#define should_resched dde_generic_should_resched
#include <asm-generic/preempt.h>
#undef should_resched

#include <asm/dde_cpu.h>

/*
 * A loop that calls cond_resched() and nothing else must see time pass: the
 * tick that asks for the reschedule is itself pending.
 */
static __always_inline bool should_resched(int preempt_offset)
{
	if (unlikely(dde_this_cpu->irq_pending))
		dde_irq_poll();
	return dde_generic_should_resched(preempt_offset);
}

#endif
