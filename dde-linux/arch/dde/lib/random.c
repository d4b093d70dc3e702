// SPDX-License-Identifier: GPL-2.0-only
/* Random numbers from the processor, where it has them. */
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/types.h>
#include <asm/archrandom.h>
#include <asm/cpuid.h>
#include "lib.h"

static bool has_rdrand __ro_after_init;
static bool has_rdseed __ro_after_init;

void __init dde_random_init(const struct cpu_features *cpu)
{
	has_rdrand = cpu->leaf1_c & CPUID_1_ECX_RDRAND;
	has_rdseed = cpu->leaf7_b & CPUID_7_EBX_RDSEED;
}

/* Either instruction may fail temporarily. */
size_t dde_random_longs(unsigned long *words, size_t count)
{
	bool ok;

	if (!count || !has_rdrand)
		return 0;
	asm volatile("rdrand %1" : "=@ccc"(ok), "=r"(*words));
	return ok;
}

size_t dde_random_seed_longs(unsigned long *words, size_t count)
{
	bool ok;

	if (!count || !has_rdseed)
		return 0;
	asm volatile("rdseed %1" : "=@ccc"(ok), "=r"(*words));
	return ok;
}
