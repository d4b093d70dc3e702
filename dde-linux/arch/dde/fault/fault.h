/* SPDX-License-Identifier: GPL-2.0-only */
/* Interface of fault/: exceptions and reports. */
#ifndef DDE_FAULT_H
#define DDE_FAULT_H

#include <linux/types.h>
#include <asm/dde_seam.h>

/* CPU 0, in setup_arch(), on the stack of the first thread. */
void dde_fault_init(void);

/* The up-calls for a fault of a CPU thread, and for a dump; see struct dde_up_fault. */
s32 dde_fault(u32 cpu, struct dde_fault *fault);
void dde_dump(u32 cpu, const struct dde_registers *reg);

#endif
