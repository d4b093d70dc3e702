/* SPDX-License-Identifier: GPL-2.0-only */
/* The processor, and the state of a kernel thread that does not run. */
#ifndef _ASM_DDE_PROCESSOR_H
#define _ASM_DDE_PROCESSOR_H

#include <linux/linkage.h>
#include <linux/types.h>
#include <asm/ptrace.h>
#include <asm/vdso/processor.h>

struct task_struct;

/* The registers that a call preserves are on the stack at sp. */
struct thread_struct {
	unsigned long sp;
};

#define INIT_THREAD { }

/* There is no user space, but exec of process 1 needs an address range for it. */
#define TASK_SIZE		((1UL << 47) - PAGE_SIZE)
#define TASK_UNMAPPED_BASE	PAGE_ALIGN(TASK_SIZE / 3)
#define STACK_TOP		TASK_SIZE
#define STACK_TOP_MAX		TASK_SIZE

#define task_pt_regs(task) \
	((struct pt_regs *)((char *)task_stack_page(task) + THREAD_SIZE) - 1)
#define KSTK_EIP(task)		0UL
#define KSTK_ESP(task)		0UL

unsigned long __get_wchan(struct task_struct *task);

static inline void flush_thread(void)
{
}

#endif
