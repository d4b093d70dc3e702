/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a virtual CPU that its own code and other threads look at. */
#ifndef _ASM_DDE_DDE_CPU_H
#define _ASM_DDE_DDE_CPU_H

#include <linux/compiler.h>
#include <linux/types.h>

struct task_struct;

/*
 * irq_off is written by the CPU's own thread alone.  The pending words are set
 * by any thread with bus-locked operations, bits of irq_map before irq_pending,
 * and cleared by the CPU's own thread.
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
 * A kernel thread goes to another host thread whenever it sleeps, so nothing
 * derived from the thread pointer may be kept.  The distance of the structure
 * from the thread pointer is the same in every thread; that may.
 */
extern unsigned long dde_cpu_distance;
#define dde_this_cpu	((volatile struct dde_cpu __seg_fs *)dde_cpu_distance)
#else
extern struct dde_cpu dde_boot_cpu;
#define dde_this_cpu	((volatile struct dde_cpu *)&dde_boot_cpu)
#endif

/* Takes what is pending; interrupts are on. */
void dde_irq_deliver(void);
/* The same if interrupts are on, else nothing. */
void dde_irq_poll(void);

#endif
