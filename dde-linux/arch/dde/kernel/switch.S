/* SPDX-License-Identifier: GPL-2.0-only */
/* Switching stacks. */
#include <linux/linkage.h>

	.text

/*
 * struct task_struct *dde_switch_stack(unsigned long *save_sp,
 *					unsigned long next_sp,
 *					struct task_struct *prev)
 *
 * Saves the registers that a call preserves on the old stack, continues where the
 * new one was left, and returns the thread that ran before.
 */
SYM_FUNC_START(dde_switch_stack)
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	%rdx, %rax
	ret
SYM_FUNC_END(dde_switch_stack)

/*
 * Where a new thread's first switch ends: rax is the thread before, r12 and
 * r13 hold its function and argument, r14 what calls it (copy_thread()).
 */
SYM_FUNC_START(dde_thread_entry)
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	movq	%rax, %rdi
	movq	%r12, %rsi
	movq	%r13, %rdx
	call	*%r14
	ud2
	.cfi_endproc
SYM_FUNC_END(dde_thread_entry)

/* void dde_run_on_stack(unsigned long sp, void (*fn)(void)): does not return. */
SYM_FUNC_START(dde_run_on_stack)
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	movq	%rdi, %rsp
	call	*%rsi
	ud2
	.cfi_endproc
SYM_FUNC_END(dde_run_on_stack)

	.section .note.GNU-stack, "", @progbits
