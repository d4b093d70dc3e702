// SPDX-License-Identifier: GPL-2.0-only
/*
 * KASAN, the kernel's address sanitizer.  The host maps the whole shadow, filled
 * with zeros, before the kernel starts (dde_up.shadow_base).  Zero means that an
 * address may be used, so there is nothing to set up.
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
	init_task.kasan_depth = 0; /* enables reports */
	pr_info("kasan: on (generic)\n");
}

/*
 * Freed objects stay in a quarantine, which shrinks when a process allocates.  Here
 * softirqs do all the work and no process may allocate for a long time, so the
 * quarantine would use up the memory.  The timer is deferrable: it wakes no idle CPU.
 */
#define BATCHES 32

static void shrink_quarantine(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(shrink_work, shrink_quarantine);

static void shrink_quarantine(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < BATCHES; i++)
		kfree(kmalloc(8, GFP_KERNEL)); /* frees a batch if the quarantine is too large */
	schedule_delayed_work(&shrink_work, HZ / 100);
}

static int __init begin_to_shrink(void)
{
	schedule_delayed_work(&shrink_work, HZ / 100);
	return 0;
}
late_initcall(begin_to_shrink);

/* Defined in mm/kasan/shadow.c; the architecture has to export them. */
EXPORT_SYMBOL(memcpy);
EXPORT_SYMBOL(memmove);
EXPORT_SYMBOL(memset);
