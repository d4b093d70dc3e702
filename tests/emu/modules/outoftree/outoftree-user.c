// SPDX-License-Identifier: GPL-2.0-only
/* Uses a symbol of outoftree-late, which must be loaded first. */
#include <linux/module.h>

int outoftree_late_value(void);

static int __init user_init(void)
{
	pr_info("outoftree-user: value %d\n", outoftree_late_value());
	return 0;
}

static void __exit user_exit(void)
{
}

module_init(user_init);
module_exit(user_exit);
MODULE_DESCRIPTION("DDEKit test: depends on a requested module");
MODULE_LICENSE("GPL");
