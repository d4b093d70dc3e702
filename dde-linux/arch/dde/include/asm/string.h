/* SPDX-License-Identifier: GPL-2.0-only */
/* The string functions that matter for speed. */
#ifndef _ASM_DDE_STRING_H
#define _ASM_DDE_STRING_H

#define __HAVE_ARCH_MEMCPY
void *memcpy(void *to, const void *from, __kernel_size_t len);
#define __HAVE_ARCH_MEMMOVE
void *memmove(void *to, const void *from, __kernel_size_t len);
#define __HAVE_ARCH_MEMSET
void *memset(void *to, int value, __kernel_size_t len);

#endif
