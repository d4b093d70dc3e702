/* SPDX-License-Identifier: GPL-2.0-only */
/* The string functions that are worth optimising. */
#ifndef _ASM_DDE_STRING_H
#define _ASM_DDE_STRING_H

#define __HAVE_ARCH_MEMCPY
void *memcpy(void *to, const void *from, __kernel_size_t len);
#define __HAVE_ARCH_MEMMOVE
void *memmove(void *to, const void *from, __kernel_size_t len);
#define __HAVE_ARCH_MEMSET
void *memset(void *to, int value, __kernel_size_t len);

#ifdef CONFIG_KASAN
/* The names without underscores check their arguments (mm/kasan/shadow.c); files
 * that are exempt from the checks use these. */
void *__memcpy(void *to, const void *from, __kernel_size_t len);
void *__memmove(void *to, const void *from, __kernel_size_t len);
void *__memset(void *to, int value, __kernel_size_t len);

#ifndef __SANITIZE_ADDRESS__
#define memcpy(to, from, len)	__memcpy(to, from, len)
#define memmove(to, from, len)	__memmove(to, from, len)
#define memset(to, value, len)	__memset(to, value, len)
#ifndef __NO_FORTIFY
#define __NO_FORTIFY		/* its checks are for the plain names */
#endif
#endif
#endif

#endif
