/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of show/ share. */
#ifndef DDECTL_SHOW_H
#define DDECTL_SHOW_H

#include "client/client.h"
#include "client/output.h"
#include "ddectl.h"

/* metrics.c: of o->argv[0], or of all devices. Return: exit code. */
int print_metrics(const struct options *o);

/* pci-list.c: the machine's PCI devices as JSON objects bdf, id, driver, iommu_group, name. */
struct json_object *pci_devices(void);

/* groups.c: the IOMMU groups that have a device of @devices, or all of the machine. */
void print_groups(const struct options *o, struct json_object *devices);

#endif
