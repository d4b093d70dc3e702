// SPDX-License-Identifier: GPL-2.0-only
/*
 * KASAN, the kernel's address sanitizer.  The host maps the whole shadow, as
 * zeros on demand, before the kernel starts (dde_up.shadow_base): zero means
 * that an address may be used, so nothing needs to be set up.
 */
#include <linux/export.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/kasan.h>
#include <linux/printk.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

void __init kasan_init(void)
{
	init_task.kasan_depth = 0;	/* reports are wanted from here on */
	pr_info("kasan: on (generic)\n");
}

/*
 * Freed objects stay in a quarantine, which shrinks when a process allocates.
 * Here there may be none for long: all is done by softirqs, and the quarantine
 * would grow until memory is used up.  As the timer is deferrable it wakes up no
 * idle CPU.
 */
#define BATCHES 32

static void shrink_quarantine(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(shrink_work, shrink_quarantine);

static void shrink_quarantine(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < BATCHES; i++)
		kfree(kmalloc(8, GFP_KERNEL));	/* each a batch, if it is too large */
	schedule_delayed_work(&shrink_work, HZ / 100);
}

static int __init begin_to_shrink(void)
{
	schedule_delayed_work(&shrink_work, HZ / 100);
	return 0;
}
late_initcall(begin_to_shrink);

/* Defined in mm/kasan/shadow.c, which leaves it to the architecture to export them. */
EXPORT_SYMBOL(memcpy);
EXPORT_SYMBOL(memmove);
EXPORT_SYMBOL(memset);
