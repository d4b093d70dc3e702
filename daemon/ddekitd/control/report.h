/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices, plugins and statistics as JSON. All but one return a new object, or NULL. */
#ifndef DDEKITD_REPORT_H
#define DDEKITD_REPORT_H

#include "supervise/manager.h"

struct json_object *report_device(const struct device *dev);
struct json_object *report_daemon(const struct manager *m);
/* Of the text of OP_PARAM for all parameters, of OP_MODULES: arrays. */
struct json_object *report_params(const char *text);
struct json_object *report_modules(const char *text);
struct json_object *report_stats(const struct device *dev, const struct proto_stats *stats);
/* The plugins of a folder as text, with its unreadable files under "errors"; as they were
 * up to a second ago. *ret is borrowed until the next call. Return: 0, -errno of the
 * folder. */
int report_catalog(const struct global_config *global, const char **ret);

#endif
