/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic preemption count; rescheduling points also deliver interrupts. */
#ifndef _ASM_DDE_PREEMPT_H
#define _ASM_DDE_PREEMPT_H

#define should_resched dde_generic_should_resched
#include <asm-generic/preempt.h>
#undef should_resched

#include <asm/dde_cpu.h>

/*
 * In a loop that calls only cond_resched(), time must pass: the tick that requests
 * the reschedule is itself pending.
 */
static __always_inline bool should_resched(int preempt_offset)
{
	if (unlikely(dde_this_cpu->irq_pending))
		dde_irq_poll();
	return dde_generic_should_resched(preempt_offset);
}

#endif
