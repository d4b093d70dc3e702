/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that may fault, and where execution continues if they do. */
#ifndef _ASM_DDE_EXTABLE_H
#define _ASM_DDE_EXTABLE_H

/* Both relative to the word itself, so that the table needs no relocation. */
struct exception_table_entry {
	int insn;
	int fixup;
};

#define ARCH_HAS_RELATIVE_EXTABLE

struct pt_regs;

/* Return: whether regs->ip was in a table; if so, it is set to where to continue. */
bool fixup_exception(struct pt_regs *regs);

/* In an asm: the instruction at @insn may fault; @fixup is an asm label. */
#define _ASM_EXTABLE(insn, fixup)			\
	".pushsection __ex_table, \"aw\"\n"		\
	".balign 4\n"					\
	".long " insn " - .\n"				\
	".long " fixup " - .\n"				\
	".popsection\n"

#endif
