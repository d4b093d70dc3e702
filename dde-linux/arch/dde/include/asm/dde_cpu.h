/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a virtual CPU, read by its own code and by other threads. */
#ifndef _ASM_DDE_DDE_CPU_H
#define _ASM_DDE_DDE_CPU_H

#include <linux/compiler.h>
#include <linux/types.h>

struct task_struct;

/*
 * Only the CPU's own thread writes irq_off.  Any thread sets the pending words, by
 * bus-locked operations, a bit of irq_map before irq_pending; the CPU's own thread
 * clears them.
 */
struct dde_cpu {
	struct task_struct *task;	/* the kernel thread that runs */
	u32 irq_off;			/* interrupts are off */
	u32 irq_pending;		/* some bit below is set */
	u64 irq_map[4];			/* one bit per hwirq */
	u32 irq_work;			/* the CPU has interrupted itself (irq_work) */
#ifdef CONFIG_SMP
	u64 ipi_map;			/* one bit per kind of call from another CPU */
	unsigned long percpu_offset;
	u32 id;
	u32 spins;			/* counts cpu_relax() */
#endif
};

#ifdef CONFIG_SMP
/*
 * A kernel thread may move to another host thread whenever it sleeps, so the compiler
 * must not cache anything derived from the thread pointer.  The distance from the
 * thread pointer to the structure is the same in every thread.
 */
extern unsigned long dde_cpu_distance;
#define dde_this_cpu	((volatile struct dde_cpu __seg_fs *)dde_cpu_distance)
#else
extern struct dde_cpu dde_boot_cpu;
#define dde_this_cpu	((volatile struct dde_cpu *)&dde_boot_cpu)
#endif

/* Delivers pending interrupts; interrupts are on. */
void dde_irq_deliver(void);
/* The same if interrupts are on; else does nothing. */
void dde_irq_poll(void);

#endif
