/* SPDX-License-Identifier: GPL-2.0-only */
/* The PCI ids of a claimed device, as the kernel writes them in a modalias. */
#ifndef DDEKITD_PCI_ID_H
#define DDEKITD_PCI_ID_H

#include <ddekit/pci.h>

#include "lib/util.h"

/**
 * pciid_modalias - "pci:v00008086d000010D3sv…sd…bc02sc00i00"
 * Return: 0, -ENODATA (the backend cannot tell), -errno; buf untouched then.
 */
int pciid_modalias(struct ddekit_bdf bdf, struct ddekit_claim *claim, char *buf, size_t size);

#endif
