// SPDX-License-Identifier: GPL-2.0-only
/* Interrupt lines: INTx pins of devices; several may share a line. */
#include <linux/init.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include "../kernel/kernel.h"
#include "internal.h"

static struct irq_domain *line_domain __ro_after_init;

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

static int map_line(struct irq_domain *domain, unsigned int virq, irq_hw_number_t hwirq)
{
	irq_set_status_flags(virq, IRQ_LEVEL);
	irq_set_chip_and_handler(virq, &line_chip, handle_level_irq);
	return 0;
}

static const struct irq_domain_ops line_domain_ops = { .map = map_line };

int dde_intx_map(u32 hwirq)
{
	unsigned int virq;

	if (hwirq < DDE_HWIRQ_LINE || hwirq >= DDE_HWIRQ_MSI)
		return -EINVAL;
	virq = irq_create_mapping(line_domain, hwirq);
	return virq ? virq : -ENOMEM;
}

static int __init intx_init(void)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode("DDE-INTx");

	if (fwnode)
		line_domain = irq_domain_create_linear(fwnode, DDE_HWIRQ_MSI, &line_domain_ops,
						       NULL);
	if (!line_domain)
		panic("no memory for interrupt lines");
	dde_irq_set_domain(DDE_HWIRQ_LINE, DDE_HWIRQ_MSI, line_domain);
	return 0;
}
arch_initcall(intx_init);
