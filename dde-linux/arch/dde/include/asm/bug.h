/* SPDX-License-Identifier: GPL-2.0-only */
/* BUG() and WARN(): an undefined instruction, and a table of their places. */
#ifndef _ASM_DDE_BUG_H
#define _ASM_DDE_BUG_H

#ifdef CONFIG_GENERIC_BUG
#ifndef __ASSEMBLY__

#include <linux/stringify.h>
#include <asm/dde/compat.h>

#define DDE_BUG_INSN	0x0b0f		/* ud2 */
#define DDE_BUG_LEN	2

#ifdef CONFIG_DEBUG_BUGVERBOSE
#define DDE_BUG_PLACE						\
	".pushsection .rodata.str1.1, \"aMS\", @progbits, 1\n"	\
	"3:	.string \"" __FILE__ "\"\n"			\
	".popsection\n"						\
	"	.long 3b - .\n"					\
	"	.short " __stringify(__LINE__) "\n"
#else
#define DDE_BUG_PLACE
#endif

/* One struct bug_entry; offsets only, as the code is position-independent. */
#define DDE_BUG(flags)						\
	asm_inline volatile(					\
		"1:	ud2\n"					\
		".pushsection __bug_table, \"aw\"\n"		\
		"	.balign 4\n"				\
		"2:	.long 1b - .\n"				\
		DDE_BUG_PLACE					\
		"	.short %c[f]\n"				\
		"	.balign 4\n"				\
		".popsection\n"					\
		: : [f] "i" (flags))

#define HAVE_ARCH_BUG
#define BUG()							\
do {								\
	DDE_BUG(0);						\
	__builtin_unreachable();				\
} while (0)

#endif /* !__ASSEMBLY__ */
#endif /* CONFIG_GENERIC_BUG */

#include <asm-generic/bug.h>

#endif
