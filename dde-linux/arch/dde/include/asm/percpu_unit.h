/* SPDX-License-Identifier: GPL-2.0-only */
/* How far a per-CPU variable of one CPU is from that of the next. */
#ifndef _ASM_DDE_PERCPU_UNIT_H
#define _ASM_DDE_PERCPU_UNIT_H

#include <linux/const.h>

/* In the core and in each plugin, which have the room behind .data..percpu. */
#define DDE_PERCPU_UNIT	(_AC(256, UL) << 10)

#endif
