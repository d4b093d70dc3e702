/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the supported kernel versions: 6.1 and later. */
#ifndef DDEKIT_DMA_COMPAT_H
#define DDEKIT_DMA_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

/* Since 6.3 vm_flags is const and has accessors. */
static inline void compat_forbid_exec(struct vm_area_struct *vma)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_clear(vma, VM_MAYEXEC);
#else
	vma->vm_flags &= ~VM_MAYEXEC;
#endif
}

#endif
