/* SPDX-License-Identifier: GPL-2.0-only */
/* Where kernels before 6.19 have it. */
#include <linux/kernel.h>
