/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to fault/. */
#ifndef DDE_FAULT_INTERNAL_H
#define DDE_FAULT_INTERNAL_H

#include <linux/percpu-defs.h>

struct pt_regs;

/* Registers of the innermost fault that this CPU handles, or NULL: backtraces go on
 * there. */
DECLARE_PER_CPU(struct pt_regs *, dde_fault_regs);

#endif
