/* SPDX-License-Identifier: GPL-2.0-only */
/* There is no ISA bus; the PCI quirks of older kernels expect this here. */
#ifndef _ASM_DDE_DMA_H
#define _ASM_DDE_DMA_H

extern int isa_dma_bridge_buggy;

#include <asm-generic/dma.h>

#endif
