// SPDX-License-Identifier: GPL-2.0-only
/* Exception table: where instructions that may fault continue. */
#include <linux/extable.h>
#include <linux/ptrace.h>
#include <asm/extable.h>

bool fixup_exception(struct pt_regs *regs)
{
	const struct exception_table_entry *entry = search_exception_tables(regs->ip);

	if (!entry)
		return false;
	regs->ip = (unsigned long)&entry->fixup + entry->fixup;
	return true;
}
