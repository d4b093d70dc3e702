/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers from the processor. */
#ifndef _ASM_DDE_ARCHRANDOM_H
#define _ASM_DDE_ARCHRANDOM_H

#include <linux/types.h>

/* Return: how many of @count words were written; 0: none available. */
size_t dde_random_longs(unsigned long *words, size_t count);
size_t dde_random_seed_longs(unsigned long *words, size_t count);

#define arch_get_random_longs		dde_random_longs
#define arch_get_random_seed_longs	dde_random_seed_longs

#endif
