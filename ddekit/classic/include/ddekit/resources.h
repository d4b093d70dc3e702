/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exclusive use of a device's I/O ports and memory ranges within a program: two
 * drivers cannot take the same.  Any thread.
 */
#ifndef DDEKIT_RESOURCES_H
#define DDEKIT_RESOURCES_H

#include <ddekit/pci.h>

/* Ports [start, start + count). Return: 0, -EBUSY, -ENXIO (outside the device's
 * window), -ENOMEM. */
int ddekit_request_io(struct ddekit_pci *pci, uint32_t start, uint32_t count);
/* The same range as requested. Return: 0, -ENOENT. */
int ddekit_release_io(struct ddekit_pci *pci, uint32_t start, uint32_t count);
/* Bus addresses [start, start + len), mapped as by ddekit_pci_map(): *ret_cpu is
 * NULL if they must be accessed by call. Return: also ddekit_pci_map()'s. */
int ddekit_request_mem(struct ddekit_pci *pci, ddekit_busaddr start, uint64_t len,
		       volatile void **ret_cpu);
int ddekit_release_mem(struct ddekit_pci *pci, ddekit_busaddr start, uint64_t len);

#endif
