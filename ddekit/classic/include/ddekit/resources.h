/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exclusive use of a device's I/O ports and memory ranges within a program: two
 * drivers cannot have the same.
 */
#ifndef DDEKIT_RESOURCES_H
#define DDEKIT_RESOURCES_H

#include <ddekit/pci.h>

/**
 * ddekit_request_io - reserve I/O ports
 * @start, @count: the ports [start, start + count), inside the device's window
 *
 * Any thread. Does not block.
 * Return: 0, -EBUSY, -ENXIO (not in the window, or none), -ENOMEM.
 */
int ddekit_request_io(struct ddekit_pci *pci, uint32_t start, uint32_t count);

/**
 * ddekit_release_io - release I/O ports
 * @start, @count: as in ddekit_request_io()
 *
 * Any thread. Does not block.
 * Return: 0, -ENOENT.
 */
int ddekit_release_io(struct ddekit_pci *pci, uint32_t start, uint32_t count);

/**
 * ddekit_request_mem - reserve and map bus addresses
 * @start, @len: [start, start + len), bytes
 * @ret_cpu:     as ddekit_pci_map()'s: NULL if they must be accessed by call; written only on
 *               success; valid until ddekit_release_mem()
 *
 * Any thread. Does not block.
 * Return: 0, -EBUSY, -ENOMEM, or ddekit_pci_map()'s error.
 */
int ddekit_request_mem(struct ddekit_pci *pci, ddekit_busaddr start, uint64_t len,
		       volatile void **ret_cpu);

/**
 * ddekit_release_mem - release and unmap bus addresses
 * @start, @len: as in ddekit_request_mem()
 *
 * Any thread. Does not block.
 * Return: 0, -ENOENT.
 */
int ddekit_release_mem(struct ddekit_pci *pci, ddekit_busaddr start, uint64_t len);

#endif
