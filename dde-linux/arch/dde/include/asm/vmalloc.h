/* SPDX-License-Identifier: GPL-2.0-only */
/* No huge mappings in vmalloc space. */
#ifndef _ASM_DDE_VMALLOC_H
#define _ASM_DDE_VMALLOC_H

#endif
