// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts.  Any host thread raises them, as a bit in a CPU's state.  The CPU's
 * thread delivers them when it turns interrupts on, in cpu_relax(), when it idles,
 * and when the host signals it.
 */
#include <linux/bits.h>
#include <linux/hardirq.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/irqdomain.h>
#include <linux/export.h>
#include <asm/dde.h>
#include <asm/irq_regs.h>
#include "kernel.h"

/* Of the runtime's own inputs. */
static void (*handlers[DDE_HWIRQ_SOFT])(void);
/* Of inputs that are Linux interrupts; NULL: the input is not in use. */
static struct irq_domain *domains[DDE_HWIRQ_COUNT];
#ifdef CONFIG_SMP
static void (*call_handler)(struct dde_cpu *c);
static u32 irq_cpu[DDE_HWIRQ_COUNT]; /* the CPU that each is raised on */
#endif

/* ---- raising: any thread, async-signal-safe ----------------------------- */

void dde_irq_raise_cpu(u32 cpu, u32 hwirq)
{
	struct dde_cpu *c = dde_cpu_of(cpu);

	/* The bit first: whoever sees the word must find the bit. */
	__atomic_fetch_or(&c->irq_map[hwirq / 64], BIT_ULL(hwirq % 64), __ATOMIC_SEQ_CST);
	__atomic_store_n(&c->irq_pending, 1, __ATOMIC_SEQ_CST);
}

u32 dde_irq_raise(u32 hwirq)
{
	u32 cpu = 0;

#ifdef CONFIG_SMP
	cpu = READ_ONCE(irq_cpu[hwirq]);
#endif
	dde_irq_raise_cpu(cpu, hwirq);
	return cpu;
}

const volatile u32 *dde_irq_pending(u32 cpu)
{
	return &dde_cpu_of(cpu)->irq_pending;
}

/* ---- delivery: the CPU's own thread -------------------------------------- */

static void deliver_one(u32 hwirq)
{
	struct irq_domain *domain;
	void (*handler)(void);

	if (hwirq < DDE_HWIRQ_SOFT) {
		handler = READ_ONCE(handlers[hwirq]);
		if (handler)
			handler();
		return;
	}
	domain = READ_ONCE(domains[hwirq]);
	if (!domain || generic_handle_domain_irq(domain, hwirq))
		pr_warn_ratelimited("interrupt input %u is not in use\n", hwirq);
}

static void run_irq_work(struct dde_cpu *c)
{
	if (!READ_ONCE(c->irq_work))
		return;
	WRITE_ONCE(c->irq_work, 0);
	irq_enter();
	irq_work_run();
	irq_exit();
}

static void deliver_pending(struct dde_cpu *c)
{
	unsigned int word;
	u64 bits;

	run_irq_work(c);
#ifdef CONFIG_SMP
	if (READ_ONCE(c->ipi_map))
		call_handler(c);
#endif
	for (word = 0; word < ARRAY_SIZE(c->irq_map); word++) {
		if (!READ_ONCE(c->irq_map[word]))
			continue;
		bits = __atomic_exchange_n(&c->irq_map[word], 0, __ATOMIC_SEQ_CST);
		for (; bits; bits &= bits - 1) {
			irq_enter();
			deliver_one(word * 64 + __ffs(bits));
			irq_exit();
		}
	}
}

/*
 * Interrupts are on.  Softirqs at the end of deliver_pending() turn them on too, so
 * this nests once.  Interrupts raised meanwhile are delivered in a second round.
 * Later ones wait until the interrupted code gets here again, or for the next tick:
 * a processor, too, executes an instruction between two interrupts, and a
 * level-triggered line may stay asserted until the interrupted code has run.
 */
#define ROUNDS 2

static __always_inline void deliver(unsigned long ip, unsigned long bp)
{
	bool lockdep_on = lockdep_hardirqs_enabled();
	struct pt_regs regs, *outer;
	struct dde_cpu *c;
	int round;

	regs.ip = ip;
	regs.bp = bp;
	regs.full = 0;
	dde_this_cpu->irq_off = 1;
	barrier();
	if (lockdep_on)
		trace_hardirqs_off();
	c = dde_cpu_of(raw_smp_processor_id());
	outer = set_irq_regs(&regs);
	for (round = 0; round < ROUNDS; round++) {
		if (!__atomic_exchange_n(&c->irq_pending, 0, __ATOMIC_SEQ_CST))
			break;
		deliver_pending(c);
	}
	set_irq_regs(outer);
	if (lockdep_on)
		trace_hardirqs_on();
	barrier();
	dde_this_cpu->irq_off = 0;
	barrier();
}

void dde_irq_deliver(void)
{
	const unsigned long *frame = __builtin_frame_address(0);

	deliver(_RET_IP_, frame[0]);
}
EXPORT_SYMBOL(dde_irq_deliver);

void dde_irq_poll(void)
{
	if (!dde_this_cpu->irq_off && dde_this_cpu->irq_pending)
		dde_irq_deliver();
}
EXPORT_SYMBOL(dde_irq_poll);

/* The CPU interrupts itself: at once if interrupts are on. */
void arch_irq_work_raise(void)
{
	struct dde_cpu *c = dde_cpu_of(raw_smp_processor_id());

	WRITE_ONCE(c->irq_work, 1);
	__atomic_store_n(&c->irq_pending, 1, __ATOMIC_SEQ_CST);
	dde_irq_poll();
}

/* In a signal handler, anywhere in this thread. */
void dde_irq_enter(u32 cpu, u64 ip, u64 bp)
{
	if (!dde_this_cpu->irq_off && dde_this_cpu->irq_pending)
		deliver(ip, bp);
}

/* ---- who handles which input ---------------------------------------------- */

void dde_irq_set_handler(u32 hwirq, void (*handler)(void))
{
	WRITE_ONCE(handlers[hwirq], handler);
}

void dde_irq_set_domain(u32 first, u32 end, struct irq_domain *domain)
{
	for (; first < end; first++)
		WRITE_ONCE(domains[first], domain);
}

#ifdef CONFIG_SMP
void dde_irq_set_call_handler(void (*handler)(struct dde_cpu *c))
{
	call_handler = handler;
}

int dde_irq_set_affinity(struct irq_data *data, const struct cpumask *mask, bool force)
{
	unsigned int cpu = cpumask_any_and_distribute(mask, cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		return -EINVAL;
	WRITE_ONCE(irq_cpu[data->hwirq], cpu);
	dde_call_void(cpu->irq_move(data->hwirq, cpu));
	irq_data_update_effective_affinity(data, cpumask_of(cpu));
	return IRQ_SET_MASK_OK_DONE;
}
#endif

/* ---- the interrupts of bridges -------------------------------------------- */

static struct irq_domain *soft_domain __ro_after_init;

static void soft_nothing(struct irq_data *data)
{
}

static struct irq_chip soft_chip = {
	.name = "DDE-soft",
	.irq_ack = soft_nothing,
	.irq_mask = soft_nothing, /* lazy: resent if it arrives while disabled */
	.irq_unmask = soft_nothing,
#ifdef CONFIG_SMP
	.irq_set_affinity = dde_irq_set_affinity,
#endif
};

static int map_soft(struct irq_domain *domain, unsigned int virq, irq_hw_number_t hwirq)
{
	irq_set_chip_and_handler(virq, &soft_chip, handle_edge_irq);
	return 0;
}

static const struct irq_domain_ops soft_domain_ops = { .map = map_soft };

int dde_irq_map(unsigned int hwirq)
{
	unsigned int virq;

	if (hwirq < DDE_HWIRQ_SOFT || hwirq >= DDE_HWIRQ_LINE)
		return -EINVAL;
	virq = irq_create_mapping(soft_domain, hwirq);
	return virq ? virq : -ENOMEM;
}
EXPORT_SYMBOL_GPL(dde_irq_map);

void __init init_IRQ(void)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode("DDE");

	if (fwnode)
		soft_domain = irq_domain_create_linear(fwnode, DDE_HWIRQ_LINE, &soft_domain_ops,
						       NULL);
	if (!soft_domain)
		panic("no memory for interrupts");
	dde_irq_set_domain(DDE_HWIRQ_SOFT, DDE_HWIRQ_LINE, soft_domain);
}
