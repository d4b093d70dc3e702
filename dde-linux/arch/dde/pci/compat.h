/* SPDX-License-Identifier: GPL-2.0-only */
/* Since 6.2 each PCI device has an interrupt domain of its own; before, all have one. */
#ifndef DDE_PCI_COMPAT_H
#define DDE_PCI_COMPAT_H

#include <linux/msi.h>
#include "../compat.h"

#if DDE_SINCE(6, 2)
#define DDE_HAS_DEVICE_DOMAINS
#endif

#endif
