/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to init/. */
#ifndef DDE_INIT_INTERNAL_H
#define DDE_INIT_INTERNAL_H

#include <linux/types.h>

/* dde_up_sys. Does not return. */
s64 dde_shutdown(void *arg);

#endif
