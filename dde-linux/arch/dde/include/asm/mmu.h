/* SPDX-License-Identifier: GPL-2.0-only */
/* Address spaces have no state of their own. */
#ifndef _ASM_DDE_MMU_H
#define _ASM_DDE_MMU_H

typedef struct {
	int unused;
} mm_context_t;

#endif
