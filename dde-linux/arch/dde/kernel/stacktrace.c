// SPDX-License-Identifier: GPL-2.0-only
/* Walking stacks by their frame pointers. */
#include <linux/kallsyms.h>
#include <linux/printk.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include "internal.h"

struct frame {
	struct frame *next;
	unsigned long ret;
};

/* Below the pushed registers of a thread that sleeps lies its rbp. */
static const struct frame *sleeping_frame(struct task_struct *task)
{
	return ((struct frame **)task->thread.sp)[5];
}

/*
 * A frame that is not on the thread's stack, or not above the one before, ends
 * the walk: host code in between need not keep frame pointers.
 */
void arch_stack_walk(stack_trace_consume_fn consume, void *cookie, struct task_struct *task,
		     struct pt_regs *regs)
{
	const struct frame *frame, *last = NULL;
	unsigned long low, high;

	if (!task)
		task = current;
	if (regs) {
		frame = (const struct frame *)regs->bp;
		if (!consume(cookie, regs->ip))
			return;
	} else if (task == current) {
		frame = __builtin_frame_address(0);
	} else {
		frame = sleeping_frame(task);
	}
	low = (unsigned long)task_stack_page(task);
	high = low + THREAD_SIZE - sizeof(*frame);
	while ((unsigned long)frame >= low && (unsigned long)frame <= high && frame > last &&
	       !((unsigned long)frame & 7)) {
		if (!frame->ret || !consume(cookie, frame->ret))
			return;
		last = frame;
		frame = frame->next;
	}
}

struct printer {
	const char *loglvl;
	unsigned int left;
};

static bool print_entry(void *cookie, unsigned long addr)
{
	struct printer *p = cookie;
	char text[KSYM_SYMBOL_LEN];

	if (!p->left--)
		return false;
	/* A return address: what was called lies before it. */
	if (!dde_plugin_symbol(addr, text, sizeof(text)))
		sprint_backtrace(text, addr);
	printk("%s %s\n", p->loglvl, text);
	return true;
}

void show_stack(struct task_struct *task, unsigned long *sp, const char *loglvl)
{
	struct printer printer = { .loglvl = loglvl, .left = 48 };

	printk("%sCall Trace:\n", loglvl);
	arch_stack_walk(print_entry, &printer, task, NULL);
}

void show_regs(struct pt_regs *regs)
{
	show_regs_print_info(KERN_DEFAULT);
	pr_info("ip %pS sp %lx bp %lx ax %lx\n", (void *)regs->ip, regs->sp, regs->bp, regs->ax);
}

struct wchan {
	unsigned long addr;
};

static bool wchan_entry(void *cookie, unsigned long addr)
{
	struct wchan *w = cookie;

	if (in_sched_functions(addr))
		return true;
	w->addr = addr;
	return false;
}

unsigned long __get_wchan(struct task_struct *task)
{
	struct wchan w = { 0 };

	arch_stack_walk(wchan_entry, &w, task, NULL);
	return w.addr;
}
