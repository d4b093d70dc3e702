/* SPDX-License-Identifier: GPL-2.0-only */
/* All that differs between the kernels the module is built for: 6.1 and later. */
#ifndef DDEKIT_DMA_COMPAT_H
#define DDEKIT_DMA_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

/* Flags of a mapping are written by accessors since 6.3. */
static inline void compat_forbid_exec(struct vm_area_struct *vma)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_clear(vma, VM_MAYEXEC);
#else
	vma->vm_flags &= ~VM_MAYEXEC;
#endif
}

#endif
