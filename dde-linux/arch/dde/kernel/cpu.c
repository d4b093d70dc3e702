// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a CPU: a variable if there is one CPU.  With several it is
 * thread-local, and other threads find it through an array of pointers.
 */
#include <linux/export.h>
#include <linux/sched/task.h>
#include <linux/threads.h>
#include <asm/percpu.h>
#include "kernel.h"

#ifdef CONFIG_SMP
static __thread struct dde_cpu this_cpu_state __attribute__((tls_model("initial-exec")));
unsigned long dde_cpu_distance;
EXPORT_SYMBOL(dde_cpu_distance);

/* For CPUs that do not run: interrupts raised there are lost. */
static struct dde_cpu nobody;
static struct dde_cpu *cpus[NR_CPUS] = { [0 ... NR_CPUS - 1] = &nobody };

struct dde_cpu *dde_cpu_of(unsigned int cpu)
{
	return __atomic_load_n(&cpus[cpu], __ATOMIC_ACQUIRE);
}

void dde_become_cpu(unsigned int cpu, struct task_struct *task)
{
	this_cpu_state.id = cpu;
	this_cpu_state.irq_off = 1;
	this_cpu_state.percpu_offset = cpu * DDE_PERCPU_UNIT;
	this_cpu_state.task = task;
	__atomic_store_n(&cpus[cpu], &this_cpu_state, __ATOMIC_RELEASE);
}

/* Word 0 of a thread's block holds the address of the block. */
void dde_setup_cpu(void)
{
	dde_cpu_distance = (unsigned long)&this_cpu_state - *(unsigned long __seg_fs *)0;
	dde_become_cpu(0, &init_task);
}
#else
struct dde_cpu dde_boot_cpu ____cacheline_aligned;
EXPORT_SYMBOL(dde_boot_cpu);

struct dde_cpu *dde_cpu_of(unsigned int cpu)
{
	return &dde_boot_cpu;
}

void dde_setup_cpu(void)
{
	dde_boot_cpu.task = &init_task;
	dde_boot_cpu.irq_off = 1;
}
#endif
