// SPDX-License-Identifier: GPL-2.0-only
/* The host's half of the seam: its down-calls and boot parameters. */
#include <linux/cache.h>
#include "kernel.h"

const struct dde_down *dde_down __ro_after_init;
const struct dde_boot *dde_boot __ro_after_init;
