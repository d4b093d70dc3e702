/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* Word size; the generic header would ask the x86 macros we hide. */
#ifndef _UAPI_ASM_DDE_BITSPERLONG_H
#define _UAPI_ASM_DDE_BITSPERLONG_H

#define __BITS_PER_LONG 64

#include <asm-generic/bitsperlong.h>

#endif
