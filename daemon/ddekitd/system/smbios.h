/* SPDX-License-Identifier: GPL-2.0-only */
/* What the firmware says about the machine, for drivers that know faulty machines. */
#ifndef DDEKITD_SMBIOS_H
#define DDEKITD_SMBIOS_H

#include <stddef.h>
#include <stdint.h>

#define SMBIOS_TABLES "/sys/firmware/dmi/tables"
#define SMBIOS_AT 0xf0000u /* where the kernel looks for it */

/**
 * smbios_read - the machine's SMBIOS tables, without what identifies this very machine
 * @folder: SMBIOS_TABLES, or a test's
 * @ret:    @size bytes: an entry point and tables as they would be at SMBIOS_AT
 *
 * Only firmware, system, board and chassis are kept, and of these neither serial numbers
 * nor UUIDs nor asset tags. Any thread; reads two files of sysfs.
 * Return: bytes, 0: the machine has none that fit.
 */
size_t smbios_read(const char *folder, uint8_t *ret, size_t size);

#endif
