/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to pci/. */
#ifndef DDE_PCI_INTERNAL_H
#define DDE_PCI_INTERNAL_H

#include <linux/types.h>

struct irq_domain;

/* Task context, may sleep.  hwirq: of a line. Return: > 0, the Linux interrupt; -EINVAL
 * (no line), -ENOMEM. */
int dde_intx_map(u32 hwirq);

/* The parent of the domains of devices; set by an arch_initcall. */
extern struct irq_domain *dde_msi_domain;

#endif
