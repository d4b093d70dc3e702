/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands that display state. */
#ifndef DDECTL_SHOW_H
#define DDECTL_SHOW_H

#include "client/client.h"
#include "client/output.h"

/* Return: exit code. */
int cmd_list(const struct options *o);
int cmd_status(const struct options *o);
int cmd_drivers(const struct options *o);
int cmd_events(const struct options *o);
int cmd_logs(const struct options *o);
int cmd_stats(const struct options *o);
int cmd_modules(const struct options *o);
int cmd_param(const struct options *o);
int cmd_nvme(const struct options *o);

/* ---- between the files of show/ ---- */

/* metrics.c: of o->argv[0], or of all devices. Return: exit code. */
int print_metrics(const struct options *o);

/* pci-list.c: the machine's PCI devices as JSON objects bdf, id, driver, iommu_group, name. */
struct json_object *pci_devices(void);

/* groups.c: the IOMMU groups that contain a device of @devices, or with --all every group of the
 * machine. */
void print_groups(const struct options *o, struct json_object *devices);

#endif
