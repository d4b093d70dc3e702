/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that may be missing.  User memory exists in page tables only, so each access
 * walks them (mm/uaccess.c); kernel memory is accessed by instructions that are in the
 * exception table.
 */
#ifndef _ASM_DDE_UACCESS_H
#define _ASM_DDE_UACCESS_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/extable.h>

/* Return: bytes that were not copied. */
unsigned long raw_copy_from_user(void *to, const void __user *from, unsigned long n);
unsigned long raw_copy_to_user(void __user *to, const void *from, unsigned long n);
unsigned long __clear_user(void __user *to, unsigned long n);
#define __clear_user __clear_user

/* Return: 0 or -EFAULT; then the value read is 0. */
int dde_get_user(void *to, const void __user *from, size_t size);
int dde_put_user(void __user *to, const void *from, size_t size);
#define __get_user_fn(size, from, to)	dde_get_user(to, from, size)
#define __put_user_fn(size, to, from)	dde_put_user(to, from, size)

/* One load and one store, of which the instruction at 1 may fault. */
#define DDE_NOFAULT_GET(to, from, insn, reg, label)			\
	asm goto("1:	" insn " %[src], %%" reg "\n"			\
		 "	" insn " %%" reg ", %[dst]\n"			\
		 _ASM_EXTABLE("1b", "%l[" #label "]")			\
		 : : [src] "m" (*(from)), [dst] "m" (*(to))		\
		 : "rax", "memory" : label)

#define DDE_NOFAULT_PUT(to, from, insn, reg, label)			\
	asm goto("	" insn " %[src], %%" reg "\n"			\
		 "1:	" insn " %%" reg ", %[dst]\n"			\
		 _ASM_EXTABLE("1b", "%l[" #label "]")			\
		 : : [src] "m" (*(from)), [dst] "m" (*(to))		\
		 : "rax", "memory" : label)

#define DDE_NOFAULT(access, to, from, type, label)			\
do {									\
	switch (sizeof(type)) {						\
	case 1:								\
		access((u8 *)(to), (const u8 *)(from), "movb", "al", label);	\
		break;							\
	case 2:								\
		access((u16 *)(to), (const u16 *)(from), "movw", "ax", label);	\
		break;							\
	case 4:								\
		access((u32 *)(to), (const u32 *)(from), "movl", "eax", label);	\
		break;							\
	case 8:								\
		access((u64 *)(to), (const u64 *)(from), "movq", "rax", label);	\
		break;							\
	}								\
} while (0)

#define __get_kernel_nofault(to, from, type, label)			\
	DDE_NOFAULT(DDE_NOFAULT_GET, to, from, type, label)
#define __put_kernel_nofault(to, from, type, label)			\
	DDE_NOFAULT(DDE_NOFAULT_PUT, to, from, type, label)

#include <asm-generic/uaccess.h>

#endif
