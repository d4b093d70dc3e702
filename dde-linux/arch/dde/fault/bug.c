// SPDX-License-Identifier: GPL-2.0-only
/* Recognises BUG() and WARN(), for the kernel's reports. */
#include <linux/bug.h>
#include <linux/uaccess.h>

int is_valid_bugaddr(unsigned long addr)
{
	u16 insn;

	return !get_kernel_nofault(insn, (u16 *)addr) && insn == DDE_BUG_INSN;
}
