/* SPDX-License-Identifier: GPL-2.0-only */
/* A file about each failure of a driver host, kept for root. */
#ifndef DDEKITD_DEVICE_CRASH_REPORT_H
#define DDEKITD_DEVICE_CRASH_REPORT_H

#include "device.h"

/**
 * crash_report_write - write down what is known of dev->run.death, whose host is still there
 *
 * Once the device is quiet. Of the reports of a device the newest crash-reports= are kept.
 * That it cannot be written is logged. Blocks for a write to the disk's cache, some 100 us.
 *
 * Return: the path, to be freed; NULL: it cannot be written.
 */
char *crash_report_write(const struct device *dev);

#endif
