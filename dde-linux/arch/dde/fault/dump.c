// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the CPUs and the kernel threads are doing, for a runtime that does not answer
 * any more.  It runs in a signal handler, whatever the CPU was doing, so it takes no
 * lock, and bypasses the kernel's log, which may be what hangs.
 */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/signal.h>
#include <linux/stacktrace.h>
#include <linux/stdarg.h>
#include <linux/string.h>
#include "../kernel/kernel.h"
#include "../module/module.h"
#include "fault.h"

#define DUMP_LEVEL 4 /* a warning */
#define DUMP_DEPTH 24

static __printf(1, 2) void emit(const char *fmt, ...)
{
	char text[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	dde_call_void(sys->print(DUMP_LEVEL, text, len));
}

static bool dump_entry(void *cookie, unsigned long addr)
{
	unsigned int *left = cookie;
	char text[KSYM_SYMBOL_LEN];

	if (!(*left)--)
		return false;
	if (!dde_plugin_symbol(addr, text, sizeof(text)))
		sprint_backtrace(text, addr);
	emit("  %s", text);
	return true;
}

static void dump_backtrace(struct task_struct *task, struct pt_regs *regs)
{
	unsigned int left = DUMP_DEPTH;

	arch_stack_walk(dump_entry, &left, task, regs);
}

static void dump_cpu(u32 cpu, struct pt_regs *regs, bool irqs_off)
{
	emit("CPU %u runs %s/%d, interrupts %s, pending %u, preempt count %x", cpu, current->comm,
	     task_pid_nr(current), irqs_off ? "off" : "on", dde_this_cpu->irq_pending,
	     preempt_count());
	emit("RIP %016lx RSP %016lx RBP %016lx RAX %016lx", regs->ip, regs->sp, regs->bp, regs->ax);
	emit("RBX %016lx RCX %016lx RDX %016lx RSI %016lx", regs->bx, regs->cx, regs->dx, regs->si);
	emit("RDI %016lx R8  %016lx R9  %016lx R10 %016lx", regs->di, regs->r8, regs->r9,
	     regs->r10);
	emit("R11 %016lx R12 %016lx R13 %016lx R14 %016lx", regs->r11, regs->r12, regs->r13,
	     regs->r14);
	dump_backtrace(current, regs);
}

/* Running threads are dumped by their own CPUs. */
static void dump_tasks(void)
{
	struct task_struct *leader, *task;

	rcu_read_lock();
	for_each_process_thread(leader, task) {
		if (task_curr(task))
			continue;
		emit("task %s/%d, state %c", task->comm, task_pid_nr(task),
		     task_state_to_char(task));
		dump_backtrace(task, NULL);
	}
	rcu_read_unlock();
}

void dde_dump(u32 cpu, const struct dde_registers *reg)
{
	bool irqs_off = dde_this_cpu->irq_off;
	struct pt_regs regs;

	memcpy(&regs, reg, sizeof(*reg));
	regs.full = 1;
	dde_this_cpu->irq_off = 1;
	barrier();
	dump_cpu(cpu, &regs, irqs_off);
	if (!cpu) {
		dump_tasks();
		emit("end of the dump");
	}
	barrier();
	dde_this_cpu->irq_off = irqs_off;
}
