/* SPDX-License-Identifier: GPL-2.0-only */
/* Distance between the copies of a per-CPU variable of one CPU and the next. */
#ifndef _ASM_DDE_PERCPU_UNIT_H
#define _ASM_DDE_PERCPU_UNIT_H

#include <linux/const.h>

/* In the runtime and in each plugin, which reserve the space behind .data..percpu. */
#define DDE_PERCPU_UNIT	(_AC(256, UL) << 10)

#endif
