/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the architecture share among themselves. */
#ifndef DDE_INTERNAL_H
#define DDE_INTERNAL_H

#include <linux/irqflags.h>
#include <linux/linkage.h>
#include <linux/percpu-defs.h>
#include <asm/dde_cpu.h>
#include <asm/dde_seam.h>

struct cpu_features;
struct irq_domain;
struct linux_binfmt;
struct module;
struct pt_regs;
struct task_struct;

/* seam.c: set before anything else runs, never changed. */
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

/* cpu.c */
/* On the thread that becomes CPU 0. */
void dde_setup_cpu(void);
struct dde_cpu *dde_cpu_of(unsigned int cpu);
#ifdef CONFIG_SMP
/* On the thread that becomes cpu. */
void dde_become_cpu(unsigned int cpu, struct task_struct *task);
#endif

/* memory.c */
void dde_memory_init(void);

/* dma.c: once the pool is known; before its pages are the allocator's */
void dde_dma_init(void);
void dde_dma_keep_borders(void);

/* random.c, string.c */
void dde_random_init(const struct cpu_features *cpu);
void dde_string_init(const struct cpu_features *cpu);

#ifdef CONFIG_SMP
/* smp.c */
void dde_setup_smp(void);
#endif

/* console.c */
void dde_console_init(void);
extern char dde_panic_text[256];

/* irq.c */
u32 dde_irq_raise(u32 hwirq);
void dde_irq_raise_cpu(u32 cpu, u32 hwirq);
void dde_irq_enter(u32 cpu, u64 ip, u64 bp);
const volatile u32 *dde_irq_pending(u32 cpu);
/* Of an input below DDE_HWIRQ_SOFT: called with interrupts off, on the CPU that it
 * was raised on.  What is raised before is lost. */
void dde_irq_set_handler(u32 hwirq, void (*handler)(void));
/* Inputs [first, end) are interrupts of the kernel's, of that domain. */
void dde_irq_set_domain(u32 first, u32 end, struct irq_domain *domain);
#ifdef CONFIG_SMP
struct cpumask;
struct irq_data;
/* For what other CPUs set in ipi_map; interrupts are off. */
void dde_irq_set_call_handler(void (*handler)(struct dde_cpu *c));
int dde_irq_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force);
#endif

/* intx.c: as dde_irq_map() */
int dde_intx_map(u32 hwirq);

/* msi.c */
extern struct irq_domain *dde_msi_domain;

/* time.c */
void dde_timer_init_cpu(void);
s64 dde_clock_set(void *arg);

/* switch.S */
void dde_run_on_stack(unsigned long sp, void (*fn)(void)) __noreturn;
asmlinkage void dde_thread_entry(void);

/* control.c */
void dde_control_submit(struct dde_request *req);

/*
 * Any host thread: makes item the newest of a list, which is taken as a whole.
 * The kernel's llist would not do: with one CPU its atomic operations hold for
 * that CPU's thread alone.
 */
#define dde_push(head, item)							\
do {										\
	typeof(item) first = __atomic_load_n(head, __ATOMIC_RELAXED);		\
										\
	do {									\
		(item)->next = first;						\
	} while (!__atomic_compare_exchange_n(head, &first, item, true,		\
					      __ATOMIC_RELEASE, __ATOMIC_RELAXED)); \
} while (0)

/* modprobe.c */
void dde_modprobe_answer(struct dde_modprobe *m);

/* program.c */
/* Creates an empty file for format to "execute".  run, unless NULL, is what the
 * process then runs in place of user mode; its result is the exit code.
 * Return: 0, -errno. */
int dde_program_add(const char *path, struct linux_binfmt *format, int (*run)(void));
/* What the calling process executed, if anything. Return: its exit code. */
int dde_program_run(void);

/* param.c, counters.c, devpage.c */
s64 dde_param(void *arg);
s64 dde_counters(void *arg);
s64 dde_devpage(void *arg);

/* fault.c */
s32 dde_fault(u32 cpu, struct dde_fault *fault);
void dde_fault_init(void);

/* stacktrace.c */
/* Registers of the innermost fault that this CPU handles, or NULL: backtraces go on
 * there. */
DECLARE_PER_CPU(struct pt_regs *, dde_fault_regs);

/* dump.c */
void dde_dump(u32 cpu, const struct dde_registers *reg);

/* vmap.c: a page that the host could not map when it should have.
 * Return: whether it is mapped now. */
bool dde_vmap_fault(unsigned long addr);

/* init.c */
s64 dde_shutdown(void *arg);
s64 dde_heartbeat(void *arg);

/* plugin.c */
s64 dde_plugin_load(void *arg);
s64 dde_plugin_unload(void *arg);
s64 dde_plugin_modules(void *arg);
/* As dde_plugin_load(), without waiting for devices to be probed: for loads that
 * such a probe may wait for. Return: -EEXIST if it is live already. */
int dde_plugin_load_one(const struct dde_plugin *p);
/* For those with a file in sysfs, until fn returns an error; module_mutex held. */
void dde_plugin_each_parameter(int (*fn)(const char *module, const char *name, void *arg),
			       void *arg);
unsigned int dde_plugin_count(void);
int dde_plugin_symbol(unsigned long addr, char *buf, unsigned int size);
/* After a crash: where the plugins' images lie, for the host's tools. */
void dde_plugins_show_images(void);

/* plugin_info.c */
/* NULL: the plugin has none of that name, or it is empty. */
const struct dde_section *dde_plugin_section(const struct dde_plugin *p, const char *name);
/* Return: the value of "tag=value" in .modinfo, or NULL. */
const char *dde_plugin_modinfo(const struct dde_plugin *p, const char *tag);
void dde_plugin_set_attributes(struct module *mod, const struct dde_plugin *p);
void dde_plugin_free_attributes(struct module *mod);
/* What kallsyms shall know of it. Return: 0, -ENOMEM. */
int dde_plugin_set_symbols(struct module *mod, const struct dde_plugin *p);
void dde_plugin_free_symbols(struct module *mod);
/* Did it bring a symbol table? */
bool dde_plugin_has_symbols(const struct module *mod);

/* plugin_notify.c */
void dde_plugin_notify(struct module *mod, unsigned long state);
/* Return: 0, or the error of one who objects; then all are told of the going. */
int dde_plugin_notify_coming(struct module *mod);

/* plugin_sections.c */
int dde_plugin_set_sections(struct module *mod, const struct dde_section *sections);
/* Calls the module's constructors; before its init. */
void dde_plugin_construct(struct module *mod, const struct dde_plugin *p);
/* BUG() and WARN() of the module are known from here to module_bug_cleanup(). */
void dde_plugin_set_bugs(struct module *mod, const struct dde_section *sections);

#endif
