// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which machine this is, for quirks of machines (dmi_check_system()): the host hands
 * over what the firmware says.  For devices of no machine, such as emulated ones, it
 * hands over nothing, and no quirk matches.
 */
#include <linux/dmi.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/dmi.h>
#include "../kernel/kernel.h"

#define AT 0xf0000u      /* SMBIOS_ENTRY_POINT_SCAN_START of drivers/firmware/dmi_scan.c */
#define SCANNED 0x10000u /* what it scans from there on */

void __iomem *dde_dmi_map(u64 phys, size_t len)
{
	u64 offset = phys - AT;
	void *copy;

	if (offset + len <= dde_boot->smbios_size && offset <= dde_boot->smbios_size)
		return (void __iomem __force *)(dde_boot->smbios + offset);
	if (phys != AT || len != SCANNED)
		return NULL;
	copy = kzalloc(len, GFP_KERNEL);
	if (copy)
		memcpy(copy, dde_boot->smbios, min_t(u64, len, dde_boot->smbios_size));
	return (void __iomem __force *)copy;
}

void dde_dmi_unmap(void __iomem *at, size_t len)
{
	if (len == SCANNED)
		kfree((void __force *)at);
}

/* Before dmi_id_init(), an arch_initcall. */
static int __init dmi_begin(void)
{
	if (dde_boot->smbios_size)
		dmi_setup();
	return 0;
}
core_initcall(dmi_begin);
