// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: raised by any host thread as a bit in the CPU's state, taken by
 * the CPU's thread when it turns interrupts on, relaxes, idles, or is sent a
 * signal by the host.
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
#include "internal.h"

/* Bridges' inputs and interrupt lines; messages have a domain of their own. */
struct irq_domain *dde_irq_domain __ro_after_init;

/* ---- raising: any thread, async-signal-safe ----------------------------- */

void dde_irq_raise_cpu(u32 cpu, u32 hwirq)
{
	struct dde_cpu *c = dde_cpu_of(cpu);

	/* The bit first: who sees the word must find the bit. */
	__atomic_fetch_or(&c->irq_map[hwirq / 64], BIT_ULL(hwirq % 64), __ATOMIC_SEQ_CST);
	__atomic_store_n(&c->irq_pending, 1, __ATOMIC_SEQ_CST);
}

u32 dde_irq_raise(u32 hwirq)
{
	u32 cpu = 0;

#ifdef CONFIG_SMP
	cpu = dde_irq_cpu(hwirq);
#endif
	dde_irq_raise_cpu(cpu, hwirq);
	return cpu;
}

const volatile u32 *dde_irq_pending(u32 cpu)
{
	return &dde_cpu_of(cpu)->irq_pending;
}

/* ---- taking: the CPU's own thread --------------------------------------- */

static void take_one(u32 hwirq)
{
	int err;

	if (hwirq == DDE_HWIRQ_TIMER) {
		dde_timer_interrupt();
		return;
	}
	if (hwirq == DDE_HWIRQ_CONTROL) {
		dde_control_interrupt();
		return;
	}
#ifdef CONFIG_PCI_MSI
	if (hwirq >= DDE_HWIRQ_MSI)
		err = generic_handle_domain_irq(dde_msi_domain, hwirq);
	else
#endif
		err = generic_handle_domain_irq(dde_irq_domain, hwirq);
	if (err)
		pr_warn_ratelimited("interrupt input %u is not in use\n", hwirq);
}

static void take_work(struct dde_cpu *c)
{
	if (!READ_ONCE(c->irq_work))
		return;
	WRITE_ONCE(c->irq_work, 0);
	irq_enter();
	irq_work_run();
	irq_exit();
}

static void take_all(struct dde_cpu *c)
{
	unsigned int word;
	u64 bits;

	take_work(c);
#ifdef CONFIG_SMP
	dde_take_calls(c);
#endif
	for (word = 0; word < ARRAY_SIZE(c->irq_map); word++) {
		if (!READ_ONCE(c->irq_map[word]))
			continue;
		bits = __atomic_exchange_n(&c->irq_map[word], 0, __ATOMIC_SEQ_CST);
		for (; bits; bits &= bits - 1) {
			irq_enter();
			take_one(word * 64 + __ffs(bits));
			irq_exit();
		}
	}
}

/*
 * Interrupts are on.  Softirqs at the end of take_all() turn them on too, so
 * this nests once.  What is raised meanwhile is taken in a second round, what
 * comes after that when the interrupted code next gets here, or at the next
 * tick: like a processor, which executes an instruction between interrupts.  A
 * level-triggered line may stay asserted until that very code has run.
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
		take_all(c);
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

/* For dde_up: in a signal handler, anywhere in this thread. */
void dde_irq_enter(u32 cpu, u64 ip, u64 bp)
{
	if (!dde_this_cpu->irq_off && dde_this_cpu->irq_pending)
		deliver(ip, bp);
}

/* ---- the interrupts of bridges and lines -------------------------------- */

static void nothing(struct irq_data *data)
{
}

static struct irq_chip soft_chip = {
	.name = "DDE-soft",
	.irq_ack = nothing,
	.irq_mask = nothing,	/* lazily: what comes while disabled is resent */
	.irq_unmask = nothing,
#ifdef CONFIG_SMP
	.irq_set_affinity = dde_irq_set_affinity,
#endif
};

#ifdef CONFIG_PCI
static void line_mask(struct irq_data *data)
{
	dde_call_void(pci->intx_mask(data->hwirq));
}

static void line_unmask(struct irq_data *data)
{
	dde_call_void(pci->intx_unmask(data->hwirq));
}

static struct irq_chip line_chip = {
	.name = "DDE-INTx",
	.irq_mask = line_mask,
	.irq_unmask = line_unmask,
#ifdef CONFIG_SMP
	.irq_set_affinity = dde_irq_set_affinity,
#endif
};
#endif

static int map(struct irq_domain *domain, unsigned int virq, irq_hw_number_t hwirq)
{
#ifdef CONFIG_PCI
	if (hwirq >= DDE_HWIRQ_LINE) {
		irq_set_status_flags(virq, IRQ_LEVEL);
		irq_set_chip_and_handler(virq, &line_chip, handle_level_irq);
		return 0;
	}
#endif
	irq_set_chip_and_handler(virq, &soft_chip, handle_edge_irq);
	return 0;
}

static const struct irq_domain_ops domain_ops = { .map = map };

int dde_irq_map(unsigned int hwirq)
{
	unsigned int virq;

	if (hwirq < DDE_HWIRQ_SOFT || hwirq >= DDE_HWIRQ_MSI)
		return -EINVAL;
	virq = irq_create_mapping(dde_irq_domain, hwirq);
	return virq ? virq : -ENOMEM;
}
EXPORT_SYMBOL_GPL(dde_irq_map);

void __init init_IRQ(void)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode("DDE");

	if (fwnode)
		dde_irq_domain = irq_domain_create_linear(fwnode, DDE_HWIRQ_MSI, &domain_ops, NULL);
	if (!dde_irq_domain)
		panic("no memory for interrupts");
#ifdef CONFIG_PCI_MSI
	if (dde_msi_init())
		panic("no memory for message interrupts");
#endif
}
