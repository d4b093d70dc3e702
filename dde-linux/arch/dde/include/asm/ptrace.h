/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers at an interrupt. */
#ifndef _ASM_DDE_PTRACE_H
#define _ASM_DDE_PTRACE_H

#include <uapi/asm/ptrace.h>

#ifndef __ASSEMBLY__

struct pt_regs {
	unsigned long ip;
	unsigned long sp;
	unsigned long bp;
	unsigned long ax;
	unsigned long flags;
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
