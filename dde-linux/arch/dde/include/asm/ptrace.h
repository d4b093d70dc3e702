/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers at an interrupt. */
#ifndef _ASM_DDE_PTRACE_H
#define _ASM_DDE_PTRACE_H

#include <uapi/asm/ptrace.h>

#ifndef __ASSEMBLY__

/* As struct dde_registers of the seam.  Interrupts fill in only ip and bp. */
struct pt_regs {
	unsigned long r15;
	unsigned long r14;
	unsigned long r13;
	unsigned long r12;
	unsigned long bp;
	unsigned long bx;
	unsigned long r11;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long ip;
	unsigned long flags;
	unsigned long sp;
	unsigned long full;		/* all of them are known */
};

#define user_mode(regs)				0
#define instruction_pointer(regs)		((regs)->ip)
#define instruction_pointer_set(regs, value)	((regs)->ip = (value))
#define profile_pc(regs)			((regs)->ip)
#define user_stack_pointer(regs)		((regs)->sp)
#define kernel_stack_pointer(regs)		((regs)->sp)
#define frame_pointer(regs)			((regs)->bp)
#define regs_return_value(regs)			((regs)->ax)

#endif

#endif
