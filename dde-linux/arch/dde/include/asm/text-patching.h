/* SPDX-License-Identifier: GPL-2.0-only */
/* Code is not changed while it runs; kernels since 6.13 include this. */
#ifndef _ASM_DDE_TEXT_PATCHING_H
#define _ASM_DDE_TEXT_PATCHING_H
#endif
