// SPDX-License-Identifier: GPL-2.0-only
/* Says which machine the kernel thinks it is, as drivers with quirks of machines ask. Kernel
 * world, for tests. */
#include <linux/dmi.h>
#include <linux/kernel.h>
#include <linux/module.h>

static const struct dmi_system_id faulty[] = {
	{
		.ident = "a faulty machine",
		.matches = {
			DMI_MATCH(DMI_SYS_VENDOR, "DDEKit tests"),
			DMI_EXACT_MATCH(DMI_BOARD_NAME, "Board 7"),
		},
	},
	{},
};

static const char *say(int field)
{
	return dmi_get_system_info(field) ?: "none";
}

static int __init machine_init(void)
{
	pr_info("machine: quirks %d, chassis %s, year %d\n", dmi_check_system(faulty),
		say(DMI_CHASSIS_VENDOR), dmi_get_bios_year());
	pr_info("machine: serial numbers '%s' '%s' '%s', tags '%s' '%s', UUID %s\n",
		say(DMI_PRODUCT_SERIAL), say(DMI_BOARD_SERIAL), say(DMI_CHASSIS_SERIAL),
		say(DMI_BOARD_ASSET_TAG), say(DMI_CHASSIS_ASSET_TAG), say(DMI_PRODUCT_UUID));
	return 0;
}
module_init(machine_init);

static void __exit machine_exit(void)
{
}
module_exit(machine_exit);

MODULE_DESCRIPTION("Which machine this is");
MODULE_LICENSE("GPL");
