// SPDX-License-Identifier: GPL-2.0-only
/* Requests from other host threads, carried out one by one in a kernel thread. */
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include "../kernel/kernel.h"
#include "service.h"

/* Newest first; any thread pushes, the control thread removes all. */
static struct dde_request *queue;
static struct task_struct *control;

void dde_control_submit(struct dde_request *req)
{
	dde_push(&queue, req);
	dde_irq_raise(DDE_HWIRQ_CONTROL);
}

static void control_interrupt(void)
{
	wake_up_process(control);
}

/* Return: what was submitted, oldest first. */
static struct dde_request *dequeue_requests(void)
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

static void run_requests(struct dde_request *list)
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
		list = dequeue_requests();
		if (!list) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		run_requests(list);
	}
	return 0;
}

/*
 * The heartbeat: it returns only if the runtime works.  A worker on each CPU detects
 * one that is stuck while the others run.
 */
#ifdef CONFIG_SMP
static void beat_one(struct work_struct *work)
{
}

static DEFINE_PER_CPU(struct work_struct, beat_work);

static void beat_all_cpus(void)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		INIT_WORK(per_cpu_ptr(&beat_work, cpu), beat_one);
		queue_work_on(cpu, system_highpri_wq, per_cpu_ptr(&beat_work, cpu));
	}
	for_each_online_cpu(cpu)
		flush_work(per_cpu_ptr(&beat_work, cpu));
	cpus_read_unlock();
}
#else
static void beat_all_cpus(void)
{
}
#endif

s64 dde_heartbeat(void *arg)
{
	beat_all_cpus();
	++*(u64 *)arg;
	return 0;
}

/* The last initcall: earlier requests have been waiting until now. */
static int __init control_init(void)
{
	control = kthread_create(control_thread, NULL, "dde_control");
	if (IS_ERR(control))
		panic("cannot start dde_control: %pe", control);
	dde_irq_set_handler(DDE_HWIRQ_CONTROL, control_interrupt);
	wake_up_process(control);
	return 0;
}
late_initcall_sync(control_init);
