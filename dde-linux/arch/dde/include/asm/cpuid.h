/* SPDX-License-Identifier: GPL-2.0-only */
/* The processor's features (Intel SDM, volume 2, CPUID). */
#ifndef _ASM_DDE_CPUID_H
#define _ASM_DDE_CPUID_H

#include <linux/types.h>

#define CPUID_1_ECX_RDRAND	(1u << 30)
#define CPUID_7_EBX_ERMS	(1u << 9)	/* rep movsb and stosb are fast */
#define CPUID_7_EBX_RDSEED	(1u << 18)

struct cpuid {
	u32 a, b, c, d;
};

/* Read once, as CPUID costs microseconds in a virtual machine. Leaves that the
 * processor does not have read as zero. */
struct cpu_features {
	u32 leaf1_c, leaf7_b;
};

static inline struct cpuid cpuid_leaf(u32 leaf)
{
	struct cpuid r = { .a = leaf };

	asm volatile("cpuid" : "+a" (r.a), "=b" (r.b), "+c" (r.c), "=d" (r.d));
	return r;
}

static inline struct cpu_features cpu_features(void)
{
	u32 top = cpuid_leaf(0).a;

	return (struct cpu_features){
		.leaf1_c = cpuid_leaf(1).c,
		.leaf7_b = top < 7 ? 0 : cpuid_leaf(7).b,
	};
}

#endif
