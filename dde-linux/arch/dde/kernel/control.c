// SPDX-License-Identifier: GPL-2.0-only
/* Requests from other host threads, carried out one by one in a kernel thread. */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include "internal.h"

/* Newest first; any thread pushes, the control thread takes all. */
static struct dde_request *queue;
static struct task_struct *control;

void dde_control_submit(struct dde_request *req)
{
	struct dde_request *head = __atomic_load_n(&queue, __ATOMIC_RELAXED);

	do {
		req->next = head;
	} while (!__atomic_compare_exchange_n(&queue, &head, req, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	dde_irq_raise(DDE_HWIRQ_CONTROL);
}

void dde_control_interrupt(void)
{
	if (control)
		wake_up_process(control);
}

/* Return: what was submitted, oldest first. */
static struct dde_request *take_all(void)
{
	struct dde_request *req = __atomic_exchange_n(&queue, NULL, __ATOMIC_ACQUIRE);
	struct dde_request *list = NULL, *next;

	for (; req; req = next) {
		next = req->next;
		req->next = list;
		list = req;
	}
	return list;
}

static void carry_out(struct dde_request *list)
{
	struct dde_request *next;

	for (; list; list = next) {
		next = list->next;
		list->next = NULL;
		list->result = list->fn(list->arg);
		dde_call_void(sys->request_done(list));
	}
}

static int control_thread(void *unused)
{
	struct dde_request *list;

	for (;;) {
		set_current_state(TASK_IDLE);
		list = take_all();
		if (!list) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		carry_out(list);
	}
	return 0;
}

/* For dde_up: that this runs is the sign of life. */
s64 dde_heartbeat(void *arg)
{
	++*(u64 *)arg;
	return 0;
}

/* Last of all: requests that came early have waited until now. */
static int __init control_init(void)
{
	struct task_struct *task = kthread_run(control_thread, NULL, "dde_control");

	if (IS_ERR(task))
		panic("cannot start dde_control: %pe", task);
	control = task;
	return 0;
}
late_initcall_sync(control_init);
