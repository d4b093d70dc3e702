/* SPDX-License-Identifier: GPL-2.0-only */
/* KASAN's shadow: a byte for each 8 of the process's address space. */
#ifndef _ASM_DDE_KASAN_H
#define _ASM_DDE_KASAN_H

#include <linux/const.h>

#define KASAN_SHADOW_SCALE_SHIFT 3
#define KASAN_SHADOW_OFFSET	_AC(CONFIG_KASAN_SHADOW_OFFSET, UL)

/* User addresses of x86-64 have 47 bits. The shadow ends where vmap begins. */
#define KASAN_SHADOW_SIZE	(1ul << (47 - KASAN_SHADOW_SCALE_SHIFT))
#define KASAN_SHADOW_START	KASAN_SHADOW_OFFSET
#define KASAN_SHADOW_END	(KASAN_SHADOW_START + KASAN_SHADOW_SIZE)

#ifdef CONFIG_KASAN
void kasan_init(void);
#else
static inline void kasan_init(void)
{
}
#endif

#endif
