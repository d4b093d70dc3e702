/* SPDX-License-Identifier: GPL-2.0-only */
/* What a bind would do, for "ddectl bind --dry-run". */
#ifndef DDEKITD_PLAN_H
#define DDEKITD_PLAN_H

#include <json-c/json.h>

#include "system/in-use.h"
#include "supervise/manager.h"

/**
 * plan_bind - find out what a bind would do, without changing anything
 * @config: complete; borrowed
 * @lasts:  a drop-in would be written
 * @uses:   who uses it, by inuse_check()
 * @ret:    members bdf, backend, driver, kernel_driver, iommu_group, companions,
 *          uses, file, text, problems
 * May block as much as reading sysfs and the configuration does.
 * Return: 0, -ENOMEM, -errno.
 */
int plan_bind(struct manager *m, const struct device_config *config, bool lasts, bool force,
	      const struct inuse *uses, struct json_object **ret);

#endif
