// SPDX-License-Identifier: GPL-2.0-only
/*
 * Message interrupts: one parent domain, whose hwirqs the host allocates.  On top of it are the
 * domains that write the messages: one per PCI device, which the kernel creates, or one for all.
 */
#include <linux/init.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include "../kernel/kernel.h"
#include "compat.h"
#include "internal.h"

/* Of the host's interrupts; and the one from which PCI devices get theirs. */
static struct irq_domain *msi_parent __ro_after_init;
struct irq_domain *dde_msi_domain __ro_after_init;

static void msi_nothing(struct irq_data *data)
{
}

static void compose_message(struct irq_data *data, struct msi_msg *msg)
{
	u64 address;
	u32 word;

	dde_call_void(pci->msi_message(data->hwirq, &address, &word));
	msg->address_lo = lower_32_bits(address);
	msg->address_hi = upper_32_bits(address);
	msg->data = word;
}

static struct irq_chip parent_chip = {
	.name = "DDE",
	.irq_ack = msi_nothing, /* the bit is cleared before the handlers run */
	.irq_compose_msi_msg = compose_message,
#ifdef CONFIG_SMP
	.irq_set_affinity = dde_irq_set_affinity,
#endif
};

static int msi_alloc_irqs(struct irq_domain *domain, unsigned int virq, unsigned int count,
			  void *arg)
{
	struct msi_desc *desc = ((msi_alloc_info_t *)arg)->desc;
	struct dde_pci_addr at = { 0 };
	struct pci_dev *pdev;
	unsigned int i;
	u32 hwirq;
	int err;

	if (!desc || !dev_is_pci(desc->dev))
		return -EOPNOTSUPP;
	pdev = msi_desc_to_pci_dev(desc);
	at.bus = pdev->bus->number;
	at.devfn = pdev->devfn;
	err = dde_call(pci->msi_alloc(at, desc->pci.msi_attrib.is_msix ? DDE_IRQ_MSIX : DDE_IRQ_MSI,
				      desc->msi_index, count, &hwirq));
	if (err)
		return err;
	for (i = 0; i < count; i++)
		irq_domain_set_info(domain, virq + i, hwirq + i, &parent_chip, NULL,
				    handle_edge_irq, NULL, "edge");
	return 0;
}

static void msi_release_irqs(struct irq_domain *domain, unsigned int virq, unsigned int count)
{
	struct irq_data *data = irq_domain_get_irq_data(domain, virq);

	dde_call_void(pci->msi_free(data->hwirq, count));
	irq_domain_free_irqs_top(domain, virq, count);
}

static const struct irq_domain_ops domain_ops = {
	.alloc = msi_alloc_irqs,
	.free = msi_release_irqs,
};

#ifdef DDE_HAS_DEVICE_DOMAINS
/* Settings that a device's domain inherits. */
static bool init_device_domain(struct device *dev, struct irq_domain *domain,
			       struct irq_domain *parent, struct msi_domain_info *info)
{
	if (info->bus_token != DOMAIN_BUS_PCI_DEVICE_MSI &&
	    info->bus_token != DOMAIN_BUS_PCI_DEVICE_MSIX)
		return false;
	info->flags &= domain->msi_parent_ops->supported_flags;
	info->flags |= domain->msi_parent_ops->required_flags;
	info->chip->irq_ack = irq_chip_ack_parent;
#ifdef CONFIG_SMP
	info->chip->irq_set_affinity = msi_domain_set_affinity;
#endif
	return true;
}

static const struct msi_parent_ops parent_ops = {
	.supported_flags = MSI_GENERIC_FLAGS_MASK | MSI_FLAG_MULTI_PCI_MSI | MSI_FLAG_PCI_MSIX |
			   MSI_FLAG_PCI_MSIX_ALLOC_DYN,
	.required_flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS,
	.prefix = "DDE-",
	.init_dev_msi_info = init_device_domain,
};

static void __init make_device_domain(struct fwnode_handle *fwnode)
{
	msi_parent->flags |= IRQ_DOMAIN_FLAG_MSI_PARENT;
	msi_parent->msi_parent_ops = &parent_ops;
	dde_msi_domain = msi_parent;
}
#else
static struct irq_chip device_chip = {
	.name = "DDE-PCI-MSI",
	.irq_ack = irq_chip_ack_parent,
	.irq_mask = pci_msi_mask_irq,
	.irq_unmask = pci_msi_unmask_irq,
};

static struct msi_domain_info device_info = {
	.flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS | MSI_FLAG_MULTI_PCI_MSI |
		 MSI_FLAG_PCI_MSIX,
	.chip = &device_chip,
};

static void __init make_device_domain(struct fwnode_handle *fwnode)
{
	dde_msi_domain = pci_msi_create_irq_domain(fwnode, &device_info, msi_parent);
	if (!dde_msi_domain)
		panic("no memory for message interrupts");
}
#endif

static int __init msi_init(void)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode("DDE-MSI");

	if (fwnode)
		msi_parent = irq_domain_create_linear(fwnode, DDE_HWIRQ_COUNT, &domain_ops, NULL);
	if (!msi_parent)
		panic("no memory for message interrupts");
	make_device_domain(fwnode);
	dde_irq_set_domain(DDE_HWIRQ_MSI, DDE_HWIRQ_COUNT, msi_parent);
	return 0;
}
arch_initcall(msi_init);
