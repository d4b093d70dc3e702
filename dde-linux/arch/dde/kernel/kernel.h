/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface of kernel/: down-calls, interrupts, time, stacks, programs.
 *
 * "Any CPU thread" is one that executes kernel code; nothing here sleeps unless it
 * says so.
 */
#ifndef DDE_KERNEL_H
#define DDE_KERNEL_H

#include <linux/irqflags.h>
#include <linux/linkage.h>
#include <asm/dde_cpu.h>
#include <asm/dde_seam.h>

struct cpumask;
struct irq_data;
struct irq_domain;
struct linux_binfmt;
struct task_struct;

/* ---- seam.c */

/* Set before anything else runs, never changed; what they point to is the host's. */
extern const struct dde_down *dde_down;
extern const struct dde_boot *dde_boot;

/*
 * A down-call runs host code on a kernel stack; with interrupts off the tick
 * signal does not come back into the kernel from within it.
 */
#define dde_call_void(call) \
	do { \
		unsigned long __flags; \
\
		raw_local_irq_save(__flags); \
		dde_down->call; \
		raw_local_irq_restore(__flags); \
	} while (0)

#define dde_call(call) \
	({ \
		unsigned long __flags; \
		typeof(dde_down->call) __ret; \
\
		raw_local_irq_save(__flags); \
		__ret = dde_down->call; \
		raw_local_irq_restore(__flags); \
		__ret; \
	})

/*
 * Any host thread: makes item the newest of a list, which is taken as a whole.
 * The kernel's llist would not do: with one CPU its atomic operations hold for
 * that CPU's thread alone.
 */
#define dde_push(head, item) \
	do { \
		typeof(item) first = __atomic_load_n(head, __ATOMIC_RELAXED); \
\
		do { \
			(item)->next = first; \
		} while (!__atomic_compare_exchange_n(head, &first, item, true, __ATOMIC_RELEASE, \
						      __ATOMIC_RELAXED)); \
	} while (0)

/* ---- cpu.c */

/* The host thread that becomes CPU 0, before any other kernel code. */
void dde_setup_cpu(void);
/* Any host thread, async-signal-safe. Return: the state of cpu; of one that does not
 * run, a state that nobody looks at. */
struct dde_cpu *dde_cpu_of(unsigned int cpu);
#ifdef CONFIG_SMP
/* The host thread that becomes cpu; task is what it executes from now on. */
void dde_become_cpu(unsigned int cpu, struct task_struct *task);
#endif

/* ---- irq.c */

/* dde_up_irq. */
u32 dde_irq_raise(u32 hwirq);
void dde_irq_raise_cpu(u32 cpu, u32 hwirq);
void dde_irq_enter(u32 cpu, u64 ip, u64 bp);
const volatile u32 *dde_irq_pending(u32 cpu);

/* Any CPU thread.  Of an input below DDE_HWIRQ_SOFT: handler is called with interrupts
 * off, on the CPU that the input was raised on.  What is raised before is lost. */
void dde_irq_set_handler(u32 hwirq, void (*handler)(void));
/* Any CPU thread.  Inputs [first, end) are interrupts of the kernel, in that domain,
 * with the input as hwirq. */
void dde_irq_set_domain(u32 first, u32 end, struct irq_domain *domain);
#ifdef CONFIG_SMP
/* CPU 0, before others run.  For what other CPUs set in ipi_map; interrupts are off. */
void dde_irq_set_call_handler(void (*handler)(struct dde_cpu *c));
/* For irq_chip.irq_set_affinity. */
int dde_irq_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force);
#endif

/* ---- time.c */

/* The CPU whose clock event it is. */
void dde_timer_init_cpu(void);
/* dde_up_sys. */
s64 dde_clock_set(void *arg);

/* ---- switch.S, smp.c */

/* Does not return: goes on in fn, on the stack that ends at sp. */
void dde_run_on_stack(unsigned long sp, void (*fn)(void)) __noreturn;
/* Where a new kernel thread begins; not to be called. */
asmlinkage void dde_thread_entry(void);
#ifdef CONFIG_SMP
/* CPU 0, in setup_arch(): which CPUs there can be. */
void dde_setup_smp(void);
#endif

/* ---- program.c */

/* Task context, may sleep.  Creates an empty file for format to "execute".  run, unless
 * NULL, is what the process then runs in place of user mode, and may sleep; its result
 * is the exit code.  Return: 0, -errno. */
int dde_program_add(const char *path, struct linux_binfmt *format, int (*run)(void));
/* A process at the end of its exec; may sleep.  Runs what it executed, if anything.
 * Return: its exit code. */
int dde_program_run(void);

#endif
