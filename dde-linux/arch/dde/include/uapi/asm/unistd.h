/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* System call numbers: the generic table (nobody makes system calls). */
#include <asm/unistd_64.h>
