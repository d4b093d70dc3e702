/* SPDX-License-Identifier: GPL-2.0-only */
/* System call numbers. */
#ifndef _ASM_DDE_UNISTD_H
#define _ASM_DDE_UNISTD_H

#include <uapi/asm/unistd.h>

#define NR_syscalls __NR_syscalls
#define __ARCH_WANT_SYS_CLONE

#endif
