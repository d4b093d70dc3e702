/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* What a signal handler would find on its stack; there are no user processes. */
#ifndef _UAPI_ASM_DDE_SIGCONTEXT_H
#define _UAPI_ASM_DDE_SIGCONTEXT_H

struct sigcontext {
	unsigned long r[16];
	unsigned long ip;
	unsigned long flags;
};

#endif
