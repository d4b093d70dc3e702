// SPDX-License-Identifier: GPL-2.0-only
/* Several CPUs: how they start, how one calls another. */
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/hardirq.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/memblock.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/hotplug.h>
#include <linux/sched/mm.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <asm/sections.h>
#include "kernel.h"

void dde_cpu_yield(void)
{
	dde_call_void(cpu->yield());
}
EXPORT_SYMBOL(dde_cpu_yield);

/* ---- per-CPU variables ----------------------------------------------------- */

/*
 * CPU n's copy of a variable is n * DDE_PERCPU_UNIT behind the variable itself, in
 * the runtime and in each plugin: both reserve the space behind their .data..percpu.
 */
unsigned long __per_cpu_offset[NR_CPUS] __read_mostly;
EXPORT_SYMBOL(__per_cpu_offset);

void __init setup_per_cpu_areas(void)
{
	size_t size = __per_cpu_end - __per_cpu_start;
	struct pcpu_alloc_info *ai = pcpu_alloc_alloc_info(1, nr_cpu_ids);
	unsigned int cpu;

	if (!ai || size > DDE_PERCPU_UNIT)
		panic("no room for per-CPU variables");
	ai->static_size = size;
	ai->unit_size = DDE_PERCPU_UNIT;
	ai->dyn_size = DDE_PERCPU_UNIT - size;
	ai->atom_size = PAGE_SIZE;
	ai->alloc_size = DDE_PERCPU_UNIT * nr_cpu_ids;
	ai->groups[0].nr_units = nr_cpu_ids;
	for (cpu = 0; cpu < nr_cpu_ids; cpu++) {
		ai->groups[0].cpu_map[cpu] = cpu;
		__per_cpu_offset[cpu] = cpu * DDE_PERCPU_UNIT;
		if (cpu)
			memcpy(__per_cpu_start + __per_cpu_offset[cpu], __per_cpu_start, size);
	}
	pcpu_setup_first_chunk(ai, __per_cpu_start);
	pcpu_free_alloc_info(ai);
}

/* ---- calls from CPU to CPU -------------------------------------------------- */

enum { CALL_RESCHEDULE, CALL_FUNCTION, CALL_STOP };

static void call_cpu(unsigned int cpu, unsigned int call)
{
	struct dde_cpu *c = dde_cpu_of(cpu);

	__atomic_fetch_or(&c->ipi_map, BIT_ULL(call), __ATOMIC_SEQ_CST);
	if (!__atomic_exchange_n(&c->irq_pending, 1, __ATOMIC_SEQ_CST))
		dde_call_void(cpu->kick(cpu));
}

void arch_smp_send_reschedule(int cpu)
{
	call_cpu(cpu, CALL_RESCHEDULE);
}

void arch_send_call_function_single_ipi(int cpu)
{
	call_cpu(cpu, CALL_FUNCTION);
}

void arch_send_call_function_ipi_mask(const struct cpumask *mask)
{
	unsigned int cpu;

	for_each_cpu(cpu, mask)
		call_cpu(cpu, CALL_FUNCTION);
}

/* Sleeps until the process ends; delivers no interrupts. */
static void __noreturn stop_here(void)
{
	unsigned int cpu = smp_processor_id();

	set_cpu_online(cpu, false);
	dde_this_cpu->irq_off = 1;
	for (;;) {
		__atomic_store_n(&dde_cpu_of(cpu)->irq_pending, 0, __ATOMIC_SEQ_CST);
		dde_down->time->timer_set(cpu, U64_MAX);
		dde_down->cpu->idle_wait(cpu);
	}
}

/* At panic and halt.  Does not wait: the others stop when they next check for calls. */
void smp_send_stop(void)
{
	unsigned int cpu, self = smp_processor_id();

	for_each_online_cpu(cpu)
		if (cpu != self)
			call_cpu(cpu, CALL_STOP);
}

/* Interrupts are off. */
static void handle_calls(struct dde_cpu *c)
{
	u64 calls = __atomic_exchange_n(&c->ipi_map, 0, __ATOMIC_SEQ_CST);

	irq_enter();
	if (calls & BIT_ULL(CALL_STOP))
		stop_here();
	if (calls & BIT_ULL(CALL_RESCHEDULE))
		scheduler_ipi();
	if (calls & BIT_ULL(CALL_FUNCTION))
		generic_smp_call_function_interrupt();
	irq_exit();
}

/* ---- starting CPUs ------------------------------------------------------------ */

static struct task_struct *idle_of[NR_CPUS];

static void __init smp_possible(unsigned int count)
{
	unsigned int cpu;

	for (cpu = 0; cpu < count; cpu++) {
		set_cpu_possible(cpu, true);
		set_cpu_present(cpu, true);
	}
}

void __init dde_setup_smp(void)
{
	/* The host has checked nr_cpus against dde_up.max_cpus. */
	dde_irq_set_call_handler(handle_calls);
	smp_possible(clamp(dde_boot->nr_cpus, 1u, (u32)NR_CPUS));
}

void __init smp_prepare_boot_cpu(void)
{
}

void __init smp_prepare_cpus(unsigned int max_cpus)
{
}

void __init smp_cpus_done(unsigned int max_cpus)
{
}

static void run_secondary(void)
{
	unsigned int cpu = raw_smp_processor_id();

	mmgrab(&init_mm);
	current->active_mm = &init_mm;
	notify_cpu_starting(cpu);
	dde_timer_init_cpu();
	set_cpu_online(cpu, true);
	local_irq_enable();
	cpu_startup_entry(CPUHP_AP_ONLINE_IDLE);
	unreachable();
}

/* On the new host thread, on its own stack. */
static void enter_secondary(u32 cpu)
{
	dde_become_cpu(cpu, idle_of[cpu]);
	dde_run_on_stack((unsigned long)task_stack_page(idle_of[cpu]) + THREAD_SIZE, run_secondary);
}

int __cpu_up(unsigned int cpu, struct task_struct *idle)
{
	int err;

	idle_of[cpu] = idle;
	err = dde_call(cpu->start(cpu, enter_secondary));
	if (err)
		return err;
	while (!cpu_online(cpu))
		cpu_relax();
	return 0;
}
