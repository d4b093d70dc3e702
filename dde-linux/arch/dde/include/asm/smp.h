/* SPDX-License-Identifier: GPL-2.0-only */
/* Several CPUs: several host threads. */
#ifndef _ASM_DDE_SMP_H
#define _ASM_DDE_SMP_H

#ifdef CONFIG_SMP

#include <linux/cpumask.h>
#include <asm/dde_cpu.h>

#define raw_smp_processor_id() (dde_this_cpu->id)

void arch_smp_send_reschedule(int cpu);
void arch_send_call_function_single_ipi(int cpu);
void arch_send_call_function_ipi_mask(const struct cpumask *mask);

#endif

#endif
