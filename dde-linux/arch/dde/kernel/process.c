// SPDX-License-Identifier: GPL-2.0-only
/* Kernel threads: how they start, and what a CPU does when none is runnable. */
#include <linux/cpu.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <asm/dde.h>
#include "kernel.h"

static asmlinkage void thread_start(struct task_struct *prev, int (*fn)(void *), void *arg)
{
	schedule_tail(prev);
	fn(arg);
	/* A process that has executed a program would now enter user mode. */
	do_exit(dde_program_run());
}

/* The frame that dde_switch_stack() pops, lowest address first. */
struct first_frame {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long rbx;
	unsigned long rbp;
	unsigned long ret;
	unsigned long end[1]; /* rsp here on entry: a multiple of 16 */
};

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	unsigned long top = (unsigned long)task_stack_page(p) + THREAD_SIZE - 64;
	struct first_frame *frame = (void *)(top - offsetof(struct first_frame, end));

	if (!args->fn)
		return -EINVAL; /* no user processes */
	memset(frame, 0, sizeof(*frame));
	frame->r12 = (unsigned long)args->fn;
	frame->r13 = (unsigned long)args->fn_arg;
	frame->r14 = (unsigned long)thread_start;
	frame->ret = (unsigned long)dde_thread_entry;
	p->thread.sp = (unsigned long)frame;
	return 0;
}

static void (*idle_hook)(void);

/* RCU does not regard the CPU as idle yet, so the hook may use RCU. */
void arch_cpu_idle_enter(void)
{
	void (*hook)(void) = READ_ONCE(idle_hook);

	if (hook)
		hook();
}

int dde_set_idle_hook(void (*hook)(void))
{
	if (hook && READ_ONCE(idle_hook))
		return -EBUSY;
	WRITE_ONCE(idle_hook, hook);
	synchronize_rcu(); /* no CPU is in the old hook after this */
	return 0;
}
EXPORT_SYMBOL_GPL(dde_set_idle_hook);

/* Interrupts are off; the idle loop turns them on afterwards, which delivers them. */
void arch_cpu_idle(void)
{
	if (!dde_this_cpu->irq_pending && !need_resched())
		dde_down->cpu->idle_wait(raw_smp_processor_id());
}

long arch_ptrace(struct task_struct *child, long request, unsigned long addr, unsigned long data)
{
	return -EIO; /* there are no user processes */
}

void ptrace_disable(struct task_struct *child)
{
}
