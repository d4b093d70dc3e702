/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* System call numbers: the generic table (nobody makes system calls). */
#if __has_include(<asm/unistd_64.h>)
#include <asm/unistd_64.h>
#else
#include <asm-generic/unistd.h>
#endif
