/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the architecture share among themselves. */
#ifndef DDE_INTERNAL_H
#define DDE_INTERNAL_H

#include <linux/irqflags.h>
#include <linux/linkage.h>
#include <asm/dde_cpu.h>
#include <asm/dde_seam.h>

struct irq_domain;
struct module;
struct task_struct;

/* up.c: set before anything else runs, never changed. */
extern const struct dde_down *dde_down;
extern const struct dde_boot *dde_boot;

/*
 * A down-call runs host code on a kernel stack; with interrupts off the tick
 * signal does not come back into the kernel from within it.
 */
#define dde_call_void(call)			\
do {						\
	unsigned long __flags;			\
						\
	raw_local_irq_save(__flags);		\
	dde_down->call;				\
	raw_local_irq_restore(__flags);		\
} while (0)

#define dde_call(call)				\
({						\
	unsigned long __flags;			\
	typeof(dde_down->call) __ret;		\
						\
	raw_local_irq_save(__flags);		\
	__ret = dde_down->call;			\
	raw_local_irq_restore(__flags);		\
	__ret;					\
})

/* setup.c */
void dde_setup_cpu(void);
struct dde_cpu *dde_cpu_of(unsigned int cpu);

/* random.c */
void dde_random_init(void);

#ifdef CONFIG_SMP
/* smp.c */
struct cpumask;
struct irq_data;
void dde_setup_smp(void);
void dde_take_calls(struct dde_cpu *c);
u32 dde_irq_cpu(u32 hwirq);
int dde_irq_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force);
#endif

/* console.c */
void dde_console_init(void);
extern char dde_panic_text[256];

/* irq.c */
extern struct irq_domain *dde_irq_domain;
u32 dde_irq_raise(u32 hwirq);
void dde_irq_raise_cpu(u32 cpu, u32 hwirq);
void dde_irq_enter(u32 cpu);
const volatile u32 *dde_irq_pending(u32 cpu);

/* msi.c */
int dde_msi_init(void);
extern struct irq_domain *dde_msi_domain;

/* time.c */
void dde_timer_interrupt(void);
void dde_timer_init_cpu(void);

/* switch.S, process.c */
void dde_run_on_stack(unsigned long sp, void (*fn)(void)) __noreturn;
asmlinkage void dde_thread_entry(void);
asmlinkage void dde_thread_start(struct task_struct *prev, int (*fn)(void *), void *arg);

/* control.c */
void dde_control_submit(struct dde_request *req);
void dde_control_interrupt(void);

/* init.c */
s64 dde_shutdown(void *arg);
s64 dde_heartbeat(void *arg);

/* plugin.c */
s64 dde_plugin_load(void *arg);
s64 dde_plugin_unload(void *arg);
int dde_plugin_symbol(unsigned long addr, char *buf, unsigned int size);

/* plugin_sections.c */
int dde_plugin_set_sections(struct module *mod, const struct dde_section *sections);

#endif
