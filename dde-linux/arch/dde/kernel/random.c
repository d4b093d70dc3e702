// SPDX-License-Identifier: GPL-2.0-only
/* Random numbers from the processor, where it has them. */
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/types.h>
#include <asm/archrandom.h>
#include "internal.h"

#define CPUID_1_ECX_RDRAND	(1u << 30)
#define CPUID_7_EBX_RDSEED	(1u << 18)

static bool has_rdrand __ro_after_init;
static bool has_rdseed __ro_after_init;

static void __init cpuid(u32 leaf, u32 *ret_a, u32 *ret_b, u32 *ret_c)
{
	u32 a = leaf, c = 0, d;

	asm volatile("cpuid" : "+a" (a), "=b" (*ret_b), "+c" (c), "=d" (d));
	*ret_a = a;
	*ret_c = c;
}

void __init dde_random_init(void)
{
	u32 a, b, c, top;

	cpuid(0, &top, &b, &c);
	cpuid(1, &a, &b, &c);
	has_rdrand = c & CPUID_1_ECX_RDRAND;
	if (top < 7)
		return;
	cpuid(7, &a, &b, &c);
	has_rdseed = b & CPUID_7_EBX_RDSEED;
}

/* Either instruction may have nothing to give at the moment. */
size_t dde_random_longs(unsigned long *words, size_t count)
{
	bool ok;

	if (!count || !has_rdrand)
		return 0;
	asm volatile("rdrand %1" : "=@ccc" (ok), "=r" (*words));
	return ok;
}

size_t dde_random_seed_longs(unsigned long *words, size_t count)
{
	bool ok;

	if (!count || !has_rdseed)
		return 0;
	asm volatile("rdseed %1" : "=@ccc" (ok), "=r" (*words));
	return ok;
}
