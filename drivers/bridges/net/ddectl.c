/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "net" in ddectl: a device's link. */
#include <stdio.h>
#include "drivers/bridges/class-ddectl.h"
#include "client/output.h"

static void print_link(struct json_object *dev)
{
	if (!json_text(dev, "mac"))
		return;
	print_field("mac", json_text(dev, "mac"));
	if (json_is_true(dev, "carrier"))
		printf("  %-12s up, %lld Mbit/s, %s duplex, MTU %lld\n", "link",
		       (long long)json_number(dev, "speed"), json_text(dev, "duplex"),
		       (long long)json_number(dev, "mtu"));
	else
		print_field("link", "down");
}

extern const struct class_show net_class_show;
const struct class_show net_class_show = { .print_status = print_link };
