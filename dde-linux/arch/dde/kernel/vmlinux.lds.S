/* SPDX-License-Identifier: GPL-2.0-only */
/* Layout of the shared object. Sections that the dynamic linker reads come first. */
#include <asm/cache.h>
#include <asm/page.h>
#include <asm/percpu_unit.h>
#include <asm/thread_info.h>
#include <asm-generic/vmlinux.lds.h>

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)

jiffies = jiffies_64;

SECTIONS
{
	. = SIZEOF_HEADERS;
	.note.gnu.build-id : { *(.note.gnu.build-id) }
	.gnu.hash : { *(.gnu.hash) }
	.dynsym : { *(.dynsym) }
	.dynstr : { *(.dynstr) }
	.gnu.version : { *(.gnu.version) }
	.gnu.version_d : { *(.gnu.version_d) }
	.gnu.version_r : { *(.gnu.version_r) }
	.rela.dyn : { *(.rela.dyn) *(.rela.*) }
	.relr.dyn : { *(.relr.dyn) }

	. = ALIGN(PAGE_SIZE);
	_text = .;
	.plt : { *(.plt) *(.plt.*) }
	.text : {
		_stext = .;
		TEXT_TEXT
		SCHED_TEXT
#ifdef CPUIDLE_TEXT /* of older kernels */
		CPUIDLE_TEXT
#endif
		LOCK_TEXT
		KPROBES_TEXT
		IRQENTRY_TEXT
		SOFTIRQENTRY_TEXT
		*(.fixup)
		*(.text.*)
		_etext = .;
	}
	.exit.text : { EXIT_TEXT }

	. = ALIGN(PAGE_SIZE);
	__init_begin = .;
	INIT_TEXT_SECTION(PAGE_SIZE)

	. = ALIGN(PAGE_SIZE);
	.eh_frame_hdr : { *(.eh_frame_hdr) }
	.eh_frame : { KEEP(*(.eh_frame)) }

	. = ALIGN(PAGE_SIZE);
	INIT_DATA_SECTION(16)
	.exit.data : { EXIT_DATA }
	. = ALIGN(PAGE_SIZE);
	__init_end = .;

	_sdata = .;
	RO_DATA(PAGE_SIZE)
	EXCEPTION_TABLE(16)
	.dynamic : { *(.dynamic) }
	.got : { *(.got) *(.got.plt) }
	/* Below the stack of CPU 0's first thread, which .data begins with. */
	. = ALIGN(PAGE_SIZE);
	.stack_guard : { dde_stack_guard = .; . += PAGE_SIZE; }
	RW_DATA(L1_CACHE_BYTES, PAGE_SIZE, THREAD_SIZE)
	.data.rel : { *(.data.rel*) }
	_edata = .;

	BSS_SECTION(0, PAGE_SIZE, 8)

	/* Last: each CPU's copy lies one unit behind the previous one. */
	PERCPU_SECTION(L1_CACHE_BYTES)
#ifdef CONFIG_SMP
	. = ALIGN(PAGE_SIZE);
	.percpu_room (NOLOAD) : { . += CONFIG_NR_CPUS * DDE_PERCPU_UNIT; }
#endif
	_end = .;

	DWARF_DEBUG
	STABS_DEBUG
	ELF_DETAILS
#ifdef MODINFO /* of newer kernels, which cut it off after the link */
	.modinfo 0 (INFO) : { *(.modinfo) }
#endif
	DISCARDS
}
