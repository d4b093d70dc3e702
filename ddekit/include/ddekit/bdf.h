/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of PCI functions: domain, bus, device, function. */
#ifndef DDEKIT_BDF_H
#define DDEKIT_BDF_H

#include <stdint.h>

struct ddekit_bdf {
	uint32_t domain;
	uint8_t bus;
	uint8_t dev; /* 0..31 */
	uint8_t fn;  /* 0..7 */
};

#define DDEKIT_BDF_STRLEN 17 /* "12345678:01:02.3" and NUL */

/**
 * ddekit_bdf_parse - read an address
 * @text: "0000:01:00.0" or the short form "01:00.0" (domain 0); hexadecimal
 * @ret:  written only on success
 *
 * Any thread. Does not block.
 * Return: 0, -EINVAL.
 */
int ddekit_bdf_parse(const char *text, struct ddekit_bdf *ret);

/**
 * ddekit_bdf_format - write an address in the long form
 * @buf: DDEKIT_BDF_STRLEN bytes
 *
 * Any thread. Does not block.
 * Return: @buf.
 */
char *ddekit_bdf_format(struct ddekit_bdf bdf, char *buf);

/**
 * ddekit_bdf_compare - the order of addresses: domain, bus, device, function
 *
 * Any thread. Does not block.
 * Return: less than, equal to or greater than 0, as strcmp().
 */
int ddekit_bdf_compare(struct ddekit_bdf a, struct ddekit_bdf b);

/**
 * ddekit_bdf_devfn - device and function as the kernel and PCI encode them
 *
 * Any thread. Does not block.
 * Return: device << 3 | function.
 */
uint8_t ddekit_bdf_devfn(struct ddekit_bdf bdf);

#endif
