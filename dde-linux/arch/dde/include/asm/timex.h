/* SPDX-License-Identifier: GPL-2.0-only */
/* The time stamp counter, for entropy and fine measurements. */
#ifndef _ASM_DDE_TIMEX_H
#define _ASM_DDE_TIMEX_H

static inline unsigned long get_cycles(void)
{
	return __builtin_ia32_rdtsc();
}
#define get_cycles get_cycles

#include <asm-generic/timex.h>

#endif
