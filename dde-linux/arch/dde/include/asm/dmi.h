/* SPDX-License-Identifier: GPL-2.0-only */
/* The SMBIOS tables that the host has handed over, as firmware would leave them. */
#ifndef _ASM_DDE_DMI_H
#define _ASM_DDE_DMI_H

#include <linux/slab.h>

/* Task context. Return: NULL: nothing is there. */
void __iomem *dde_dmi_map(u64 phys, size_t len);
void dde_dmi_unmap(void __iomem *at, size_t len);

#define dmi_early_remap(phys, len)	dde_dmi_map(phys, len)
#define dmi_early_unmap(at, len)	dde_dmi_unmap(at, len)
#define dmi_remap(phys, len)		dde_dmi_map(phys, len)
#define dmi_unmap(at)			dde_dmi_unmap(at, 0)
#define dmi_alloc(len)			kzalloc(len, GFP_KERNEL)

#endif
