// SPDX-License-Identifier: GPL-2.0-only
/* The location of the pool; there is no other memory. */
#include <linux/cache.h>
#include <linux/export.h>
#include <asm/page.h>

unsigned long dde_pool_base __ro_after_init;
EXPORT_SYMBOL(dde_pool_base);
unsigned long dde_pool_end __ro_after_init;
EXPORT_SYMBOL(dde_pool_end);
unsigned long dde_pool_pfn __ro_after_init;
EXPORT_SYMBOL(dde_pool_pfn);
