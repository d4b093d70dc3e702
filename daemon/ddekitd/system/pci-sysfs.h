/* SPDX-License-Identifier: GPL-2.0-only */
/* A PCI device in sysfs. */
#ifndef DDEKITD_PCI_SYSFS_H
#define DDEKITD_PCI_SYSFS_H

#include <ddekit/pci.h>

#include "lib/util.h"

#define PCISYS_ROOT "/sys"

/* root: PCISYS_ROOT, or a test's tree. bdf: the long form. */
bool pcisys_present(const char *root, const char *bdf);
/* Its kernel driver, to be freed; NULL: none, or no such device. */
char *pcisys_driver(const char *root, const char *bdf);
/* "pci:v0000…", to be freed; NULL: not known. */
char *pcisys_modalias(const char *root, const char *bdf);
/* Number of its IOMMU group; -ENOENT: it has none. */
int pcisys_group(const char *root, const char *bdf);
/* The BDFs of the other devices of its group, bridges left out. Return: 0, -ENOMEM. */
int pcisys_companions(const char *root, const char *bdf, struct strv *list);
/* Why the group cannot be claimed: the members with another driver, and the command that
 * unbinds each; to be freed. NULL: it can. */
char *pcisys_group_problem(const char *root, const char *bdf);
/* The PCI device behind an interface or disk of the kernel's. Return: 0, -ENODEV. */
int pcisys_of_name(const char *root, const char *name, struct ddekit_bdf *ret);
/* Names of the interfaces behind it. Return: 0, -ENOMEM. */
int pcisys_interfaces(const char *root, const char *bdf, struct strv *list);
/* Likewise of disks and partitions. */
int pcisys_disks(const char *root, const char *bdf, struct strv *list);

#endif
