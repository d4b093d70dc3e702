// SPDX-License-Identifier: GPL-2.0-only
/* Loaded only by request_module(), by its name or by an alias. */
#include <linux/module.h>

static int value = 1;
module_param(value, int, 0644);

int outoftree_late_value(void)
{
	return value;
}
EXPORT_SYMBOL_GPL(outoftree_late_value);

static int __init late_init(void)
{
	pr_info("outoftree-late: here\n");
	return 0;
}

static void __exit late_exit(void)
{
	pr_info("outoftree-late: gone\n");
}

module_init(late_init);
module_exit(late_exit);
MODULE_ALIAS("outoftree-kind-*");
MODULE_DESCRIPTION("DDEKit test: requested by another module");
MODULE_LICENSE("GPL");
