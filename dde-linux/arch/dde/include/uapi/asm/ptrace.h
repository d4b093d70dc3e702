/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* Registers as a debugger would see them; there are no user processes. */
#ifndef _UAPI_ASM_DDE_PTRACE_H
#define _UAPI_ASM_DDE_PTRACE_H

struct user_regs_struct {
	unsigned long r[16];
	unsigned long ip;
	unsigned long flags;
};

#endif
