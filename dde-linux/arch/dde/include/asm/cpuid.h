/* SPDX-License-Identifier: GPL-2.0-only */
/* What the processor can do; as a process may ask it (Intel SDM, volume 2, CPUID). */
#ifndef _ASM_DDE_CPUID_H
#define _ASM_DDE_CPUID_H

#include <linux/types.h>

#define CPUID_1_ECX_RDRAND	(1u << 30)
#define CPUID_7_EBX_ERMS	(1u << 9)	/* rep movsb and stosb are fast */
#define CPUID_7_EBX_RDSEED	(1u << 18)

struct cpuid {
	u32 a, b, c, d;
};

/* A leaf that the processor does not have is all zeroes. */
static inline struct cpuid cpuid_leaf(u32 leaf)
{
	struct cpuid r = { 0 };

	asm volatile("cpuid" : "+a" (r.a), "=b" (r.b), "+c" (r.c), "=d" (r.d));
	if (leaf > r.a)
		return (struct cpuid){ 0 };
	r = (struct cpuid){ .a = leaf };
	asm volatile("cpuid" : "+a" (r.a), "=b" (r.b), "+c" (r.c), "=d" (r.d));
	return r;
}

#endif
