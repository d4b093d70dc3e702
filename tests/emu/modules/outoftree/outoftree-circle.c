// SPDX-License-Identifier: GPL-2.0-only
/* Its init requests itself, and a module that fails: neither may hang. */
#include <linux/kmod.h>
#include <linux/module.h>

static int __init circle_init(void)
{
	pr_info("outoftree-circle: itself: %d\n", request_module("outoftree-circle"));
	return -EPERM;
}

static void __exit circle_exit(void)
{
}

module_init(circle_init);
module_exit(circle_exit);
MODULE_DESCRIPTION("DDEKit test: requests itself");
MODULE_LICENSE("GPL");
