// SPDX-License-Identifier: GPL-2.0-only
/* Walks stacks by their frame pointers, and prints backtraces and registers. */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "../module/module.h"
#include "internal.h"

DEFINE_PER_CPU(struct pt_regs *, dde_fault_regs);

struct frame {
	struct frame *next;
	unsigned long ret;
};

/* Among the registers that a sleeping thread has pushed is its rbp. */
static const struct frame *sleeping_frame(struct task_struct *task)
{
	return ((struct frame **)task->thread.sp)[5];
}

static bool on_stack(struct task_struct *task, unsigned long addr)
{
	return addr - (unsigned long)task_stack_page(task) <= THREAD_SIZE - sizeof(struct frame);
}

/*
 * A frame that is not on the thread's stack, or not above the previous one, ends the
 * walk: host code in between may not use frame pointers.
 */
static void walk_frames(stack_trace_consume_fn consume, void *cookie, struct task_struct *task,
			const struct frame *frame)
{
	const struct frame *last = NULL;

	while (on_stack(task, (unsigned long)frame) && frame > last &&
	       !((unsigned long)frame & 7)) {
		if (!frame->ret || !consume(cookie, frame->ret))
			return;
		last = frame;
		frame = frame->next;
	}
}

static const u8 set_bp[] = { 0x48, 0x89, 0xe5 }; /* mov %rsp, %rbp */

/* Has the function set up its frame yet? The compiler may do so late, or never. */
static bool has_frame(unsigned long ip)
{
	unsigned long size, offset, at;
	u8 code[sizeof(set_bp)];

	if (!kallsyms_lookup_size_offset(ip, &size, &offset))
		return true;
	for (at = ip - offset; at + sizeof(code) <= ip; at++) {
		if (copy_from_kernel_nofault(code, (void *)at, sizeof(code)) ||
		    !memcmp(code, set_bp, sizeof(code)))
			return true;
	}
	return false;
}

/*
 * A function without a frame, or a call of an invalid address, has its caller's
 * frame pointer.  The return address is on top of the stack, or next to the frame
 * pointer that has just been pushed.  Return: 0: not found.
 */
static unsigned long frameless_return(struct task_struct *task, const struct pt_regs *regs)
{
	unsigned long top[2];

	if (!on_stack(task, regs->sp) || (__kernel_text_address(regs->ip) && has_frame(regs->ip)) ||
	    copy_from_kernel_nofault(top, (void *)regs->sp, sizeof(top)))
		return 0;
	if (top[0] == regs->bp)
		top[0] = top[1];
	return __kernel_text_address(top[0]) ? top[0] : 0;
}

static void walk_regs(stack_trace_consume_fn consume, void *cookie, struct task_struct *task,
		      struct pt_regs *regs)
{
	unsigned long ret;

	if (!consume(cookie, regs->ip))
		return;
	ret = regs->full ? frameless_return(task, regs) : 0;
	if (ret && !consume(cookie, ret))
		return;
	walk_frames(consume, cookie, task, (const struct frame *)regs->bp);
}

void arch_stack_walk(stack_trace_consume_fn consume, void *cookie, struct task_struct *task,
		     struct pt_regs *regs)
{
	const struct frame *here = __builtin_frame_address(0);

	if (!task)
		task = current;
	if (regs) {
		walk_regs(consume, cookie, task, regs);
		return;
	}
	if (task != current) {
		walk_frames(consume, cookie, task, sleeping_frame(task));
		return;
	}
	if (on_stack(task, (unsigned long)here)) {
		walk_frames(consume, cookie, task, here);
		return;
	}
	/* On the stack of a signal handler: start from the interrupted code. */
	regs = raw_cpu_read(dde_fault_regs);
	if (regs)
		walk_regs(consume, cookie, task, regs);
}

struct printer {
	const char *loglvl;
	unsigned int left;
};

static bool print_entry(void *cookie, unsigned long addr)
{
	struct printer *p = cookie;
	char text[KSYM_SYMBOL_LEN];

	if (!p->left--) {
		printk("%s ...\n", p->loglvl);
		return false;
	}
	/* It is a return address: the call is before it. */
	if (!dde_plugin_symbol(addr, text, sizeof(text)))
		sprint_backtrace(text, addr);
	printk("%s %s\n", p->loglvl, text);
	return true;
}

static void show_trace(struct task_struct *task, struct pt_regs *regs, const char *loglvl)
{
	struct printer printer = { .loglvl = loglvl, .left = 48 };

	printk("%sCall Trace:\n", loglvl);
	arch_stack_walk(print_entry, &printer, task, regs);
}

void show_stack(struct task_struct *task, unsigned long *sp, const char *loglvl)
{
	show_trace(task, NULL, loglvl);
}

/* For scripts/decodecode: the instruction's first byte is in <>. */
static void show_code(const struct pt_regs *regs)
{
	char line[3 * 40 + 8];
	size_t at = 0;
	int i;
	u8 byte;

	for (i = -24; i < 16; i++) {
		if (get_kernel_nofault(byte, (u8 *)regs->ip + i)) {
			printk(KERN_DEFAULT "Code: cannot be read\n");
			return;
		}
		at += scnprintf(line + at, sizeof(line) - at, i ? " %02x" : " <%02x>", byte);
	}
	printk(KERN_DEFAULT "Code:%s\n", line);
}

void show_regs(struct pt_regs *regs)
{
	show_regs_print_info(KERN_DEFAULT);
	printk(KERN_DEFAULT "RIP: %pS\n", (void *)regs->ip);
	if (regs->full) {
		show_code(regs);
		printk(KERN_DEFAULT "RSP: %016lx EFLAGS: %08lx IP: %016lx\n", regs->sp, regs->flags,
		       regs->ip);
		printk(KERN_DEFAULT "RAX: %016lx RBX: %016lx RCX: %016lx\n", regs->ax, regs->bx,
		       regs->cx);
		printk(KERN_DEFAULT "RDX: %016lx RSI: %016lx RDI: %016lx\n", regs->dx, regs->si,
		       regs->di);
		printk(KERN_DEFAULT "RBP: %016lx R08: %016lx R09: %016lx\n", regs->bp, regs->r8,
		       regs->r9);
		printk(KERN_DEFAULT "R10: %016lx R11: %016lx R12: %016lx\n", regs->r10, regs->r11,
		       regs->r12);
		printk(KERN_DEFAULT "R13: %016lx R14: %016lx R15: %016lx\n", regs->r13, regs->r14,
		       regs->r15);
	}
	show_trace(current, regs, KERN_DEFAULT);
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
