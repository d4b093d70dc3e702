/* SPDX-License-Identifier: GPL-2.0-only */
/* ELF constants of the architecture. */
#ifndef _ASM_DDE_ELF_H
#define _ASM_DDE_ELF_H

#include <asm/ptrace.h>

#define ELF_CLASS		ELFCLASS64
#define ELF_DATA		ELFDATA2LSB
#define ELF_ARCH		EM_X86_64
#define elf_check_arch(header)	((header)->e_machine == EM_X86_64)
#define ELF_EXEC_PAGESIZE	4096
#define ELF_ET_DYN_BASE		0
#define ELF_HWCAP		0
#define ELF_PLATFORM		NULL
#define ELF_NGREG		(sizeof(struct user_regs_struct) / sizeof(unsigned long))

typedef unsigned long elf_greg_t;
typedef elf_greg_t elf_gregset_t[ELF_NGREG];
typedef unsigned long elf_fpregset_t;

#define R_X86_64_NONE 0

#endif
