/* SPDX-License-Identifier: GPL-2.0-only */
/* There are no system calls. */
#ifndef _ASM_DDE_SYSCALL_H
#define _ASM_DDE_SYSCALL_H

#include <uapi/linux/audit.h>
#include <linux/bug.h>
#include <linux/sched.h>

/* -1: not in a system call; no task ever is. */
static inline int syscall_get_nr(struct task_struct *task, struct pt_regs *regs)
{
	return -1;
}

static inline int syscall_get_arch(struct task_struct *task)
{
	return AUDIT_ARCH_X86_64;
}

static inline void syscall_rollback(struct task_struct *task, struct pt_regs *regs)
{
	BUG();
}

static inline long syscall_get_error(struct task_struct *task, struct pt_regs *regs)
{
	BUG();
}

static inline long syscall_get_return_value(struct task_struct *task, struct pt_regs *regs)
{
	BUG();
}

static inline void syscall_set_return_value(struct task_struct *task, struct pt_regs *regs,
					    int error, long value)
{
	BUG();
}

static inline void syscall_get_arguments(struct task_struct *task, struct pt_regs *regs,
					 unsigned long *args)
{
	BUG();
}

#endif
