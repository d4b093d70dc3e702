/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernels declare differently. Kernel world. */
#ifndef DDE_PAGES_COMPAT_H
#define DDE_PAGES_COMPAT_H

#include <asm/dde/compat.h>

/* The argument of a match function of device_find_child(). */
#if DDE_SINCE(6, 14)
#define MATCH_ARG const void
#else
#define MATCH_ARG void
#endif

#endif
