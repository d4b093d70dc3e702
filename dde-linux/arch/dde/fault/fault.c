// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults: the host's signals, as a processor's exceptions.  This runs in the signal
 * handler, on a stack of the host thread, so a kernel thread whose stack is used up
 * can be reported too.  Nothing here sleeps or delivers interrupts.  To continue in
 * the kernel thread, change its registers.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/console.h>
#include <linux/irqflags.h>
#include <linux/kallsyms.h>
#include <linux/kdebug.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/extable.h>
#include "../kernel/kernel.h"
#include "../mm/mm.h"
#include "../module/module.h"
#include "fault.h"
#include "internal.h"

/* An access at most so far below the stack counts as an overflow. */
#define NEAR_STACK (2 * PAGE_SIZE)

extern char dde_stack_guard[]; /* of the linker script: one page */

static_assert(offsetof(struct pt_regs, full) == sizeof(struct dde_registers));

/* ---- description ----------------------------------------------------------- */

/*
 * The guard below a stack was hit; or the stack pointer is so low that the host
 * could not push a signal frame, in which case it reports no address.
 */
static bool is_stack_overflow(const struct dde_fault *f)
{
	unsigned long low = (unsigned long)task_stack_page(current);

	if (current == &init_task && f->address - (unsigned long)dde_stack_guard < PAGE_SIZE)
		return true;
	if (f->kind == DDE_FAULT_PAGE && low - f->address <= NEAR_STACK)
		return true;
	return f->kind != DDE_FAULT_OPCODE && f->reg.sp - (low - NEAR_STACK) < 2 * NEAR_STACK;
}

/* A page that the page tables have and the host's limit of mappings refused. */
static bool is_missing(const struct dde_fault *f)
{
	return f->kind == DDE_FAULT_PAGE && dde_vmap_missing(f->address);
}

static const char *access_name(u32 access)
{
	static const char *const names[] = {
		[DDE_ACCESS_READ] = "read",
		[DDE_ACCESS_WRITE] = "write",
		[DDE_ACCESS_EXEC] = "instruction fetch",
	};

	return access < ARRAY_SIZE(names) ? names[access] : "access";
}

static void describe_bug(unsigned long addr, char *text, size_t size)
{
	struct bug_entry *bug = find_bug(addr);
	const char *file = NULL;
	unsigned int line = 0;

	if (bug)
		bug_get_file_line(bug, &file, &line);
	if (file)
		scnprintf(text, size, "kernel BUG at %s:%u", file, line);
	else
		scnprintf(text, size, "%s", bug ? "kernel BUG" : "invalid opcode");
}

/* The report's first line, worded as on other architectures. */
static void describe(const struct dde_fault *f, char *text, size_t size)
{
	if (is_stack_overflow(f)) {
		scnprintf(text, size, "kernel stack overflow in task %s/%d", current->comm,
			  task_pid_nr(current));
		return;
	}
	if (is_missing(f)) {
		scnprintf(text, size,
			  "the host could not map a page of vmalloc space, address: %016llx",
			  f->address);
		return;
	}
	switch (f->kind) {
	case DDE_FAULT_PAGE:
		scnprintf(text, size,
			  f->address < PAGE_SIZE
				  ? "kernel NULL pointer dereference, address: %016llx"
				  : "unable to handle page fault for address: %016llx",
			  f->address);
		break;
	case DDE_FAULT_PROTECTION:
		scnprintf(text, size,
			  "general protection fault, probably for non-canonical address");
		break;
	case DDE_FAULT_BUS:
		scnprintf(text, size, "bus error at address %016llx: the host has nothing there",
			  f->address);
		break;
	case DDE_FAULT_OPCODE:
		describe_bug(f->reg.ip, text, size);
		break;
	case DDE_FAULT_DIVIDE:
		scnprintf(text, size, "divide error");
		break;
	case DDE_FAULT_TRAP:
		scnprintf(text, size, "int3");
		break;
	default:
		scnprintf(text, size, "fault of unknown kind %u", f->kind);
	}
}

/* ---- the end of a kernel thread, or of all --------------------------------- */

/* The CPU that reports, or -1: one report at a time. */
static atomic_t reporting = ATOMIC_INIT(-1);

static bool report_begin(int cpu)
{
	int free = -1;

	while (!atomic_try_cmpxchg(&reporting, &free, cpu)) {
		if (free == cpu)
			return false; /* a fault in the report itself */
		free = -1;
		cpu_relax();
	}
	return true;
}

/* On the kernel thread's stack, which is reused from its top. */
static void __noreturn task_dead(void)
{
	make_task_dead(SIGSEGV);
}

static void continue_in_task_dead(struct dde_fault *f)
{
	f->reg.ip = (unsigned long)task_dead;
	f->reg.sp = (unsigned long)task_stack_page(current) + THREAD_SIZE - 64 - sizeof(long);
	f->reg.bp = 0;
}

/* Return: 1: the kernel thread ends next; 0: a fault in the report itself. */
static int oops(struct dde_fault *f, struct pt_regs *regs)
{
	static int count;
	char what[160], where[KSYM_SYMBOL_LEN];

	if (!report_begin(raw_smp_processor_id()))
		return 0;
	oops_enter();
	console_verbose();
	describe(f, what, sizeof(what));
	if (f->kind != DDE_FAULT_OPCODE || !find_bug(regs->ip))
		pr_alert("BUG: %s\n", what);
	if (f->kind == DDE_FAULT_PAGE)
		pr_alert("#PF: %s in kernel mode\n", access_name(f->access));
	pr_alert("Oops: %s [#%d]\n", what, ++count);
	add_taint(TAINT_DIE, LOCKDEP_NOW_UNRELIABLE);
	notify_die(DIE_OOPS, what, regs, 0, f->kind, SIGSEGV);
	show_regs(regs);
	print_modules();
	dde_plugins_show_images();
	oops_exit();
	sprint_symbol(where, regs->ip);
	if (in_interrupt())
		panic("%s in %s (in interrupt)", what, where);
	if (panic_on_oops)
		panic("%s in %s", what, where);
	atomic_set(&reporting, -1);
	continue_in_task_dead(f);
	return 1;
}

/* ---- the up-call ------------------------------------------------------------ */

static int fault_report(struct dde_fault *f, struct pt_regs *regs)
{
	if (f->kind == DDE_FAULT_OPCODE && report_bug(regs->ip, regs) == BUG_TRAP_TYPE_WARN) {
		f->reg.ip += DDE_BUG_LEN;
		return 1;
	}
	return oops(f, regs);
}

s32 dde_fault(u32 cpu, struct dde_fault *f)
{
	struct pt_regs regs, *outer;
	bool irqs_on;
	int ret;

	memcpy(&regs, &f->reg, sizeof(f->reg));
	regs.full = 1;
	if (fixup_exception(&regs)) {
		f->reg.ip = regs.ip;
		return 1;
	}
	irqs_on = !dde_this_cpu->irq_off;
	dde_this_cpu->irq_off = 1;
	barrier();
	if (f->kind == DDE_FAULT_PAGE && f->access != DDE_ACCESS_EXEC &&
	    dde_vmap_fault(f->address)) {
		ret = 1;
	} else {
		if (irqs_on)
			trace_hardirqs_off();
		outer = raw_cpu_read(dde_fault_regs);
		raw_cpu_write(dde_fault_regs, &regs);
		ret = fault_report(f, &regs);
		raw_cpu_write(dde_fault_regs, outer);
		if (irqs_on)
			trace_hardirqs_on();
	}
	barrier();
	dde_this_cpu->irq_off = !irqs_on;
	return ret;
}

/* CPU 0's first thread has no vmalloc area around its stack. */
void __init dde_fault_init(void)
{
	int err = dde_call(mem->seal((unsigned long)dde_stack_guard, PAGE_SIZE));

	if (err)
		panic("cannot guard the stack of the first thread: error %d", err);
}
