// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data that only the driver can read from its device.  A worker calls the hook, so
 * that a device that does not answer delays neither the control thread nor its
 * heartbeat.
 */
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <asm/dde.h>
#include "service.h"

static DEFINE_MUTEX(hook_lock);
static dde_page_fn *page_hook;

/* The worker's, from queueing it until it has ended. */
static struct dde_devpage asked;
static int result;
static DECLARE_COMPLETION(answered);

static void read_page(struct work_struct *work)
{
	mutex_lock(&hook_lock);
	result = page_hook ? page_hook(asked.name, asked.number, asked.data, sizeof(asked.data))
			   : -EOPNOTSUPP;
	mutex_unlock(&hook_lock);
	complete(&answered);
}

static DECLARE_WORK(page_work, read_page);

int dde_set_page_hook(dde_page_fn *hook)
{
	int err = 0;

	mutex_lock(&hook_lock);
	if (hook && page_hook)
		err = -EBUSY;
	else
		page_hook = hook;
	mutex_unlock(&hook_lock);
	return err;
}
EXPORT_SYMBOL_GPL(dde_set_page_hook);

/* In the control thread: one call at a time. */
s64 dde_devpage(void *arg)
{
	struct dde_devpage *page = arg;

	page->bytes = 0;
	if (work_busy(&page_work))
		return -EBUSY;
	reinit_completion(&answered);
	strscpy(asked.name, page->name, sizeof(asked.name));
	asked.number = page->number;
	queue_work(system_unbound_wq, &page_work);
	if (!wait_for_completion_timeout(&answered, HZ))
		return -ETIMEDOUT;
	flush_work(&page_work); /* no longer busy */
	if (result <= 0)
		return result;
	page->bytes = result;
	memcpy(page->data, asked.data, result);
	return 0;
}
