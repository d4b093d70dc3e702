/* SPDX-License-Identifier: GPL-2.0-only */
/* Where kernels before 7.1 have it. */
#include <linux/hrtimer.h>
