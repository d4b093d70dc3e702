/* SPDX-License-Identifier: GPL-2.0-only */
/* No huge mappings in vmalloc space, which has no mappings of devices. */
#ifndef _ASM_DDE_VMALLOC_H
#define _ASM_DDE_VMALLOC_H

#include <asm/page.h>

/* For memunmap(): what is not in the pool is a mapping of a device. */
#define IOREMAP_START	dde_pool_end
#define IOREMAP_END	ULONG_MAX

#endif
