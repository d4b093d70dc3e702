/* SPDX-License-Identifier: GPL-2.0-only */
/* The device and the classes of devices: each call goes to all classes; see private.h. */
#include <errno.h>

#include "drivers/bridges/class-ddekitd.h"
#include "private.h"
#include "system/disk-users.h"

/* Is the device's plugin of the class? */
static bool is_of(const struct device *dev, const struct class_ops *class)
{
	return str_equal(dev->plugin.bridge, class->name);
}

/* Calls for one class after the other; a test may have a device without any. */
#define FOR_EACH_CLASS(dev, c) for ((c) = (dev)->env->classes; (c) && *(c); (c)++)

static const struct class_ops *class_of(const struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if (is_of(dev, *c))
		return *c;
	return NULL;
}

int device_open_classes(struct device *dev, char **ret_why)
{
	const struct class_ops *const *c;
	int r = 0;

	FOR_EACH_CLASS(dev, c)
	{
		r = (*c)->open(dev, is_of(dev, *c), ret_why);
		if (r)
			break;
	}
	return r;
}

bool device_classes_may_start(struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if (!(*c)->may_start(dev))
		return false;
	return true;
}

void device_hand_over_class(const struct device *dev, struct proto_setup *setup,
			    int fds[PROTO_CLASS_FDS])
{
	const struct class_ops *class = class_of(dev);

	setup->n_class_fds = class ? class->hand_over(dev, setup, fds) : 0;
}

bool device_serves_when_ready(const struct device *dev)
{
	const struct class_ops *class = class_of(dev);

	return class && class->serves_when_ready;
}

void device_classes_ready(struct device *dev, bool again)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	(*c)->ready(dev, again);
}

void device_class_message(struct device *dev, const struct proto_export *msg)
{
	const struct class_ops *class = class_of(dev);

	/* A driver host may send those of any class. */
	if (class && !strcmp(class->name, msg->class))
		class->message(dev, msg);
}

void device_classes_absent(struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	(*c)->absent(dev);
}

void device_classes_quiet(struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	(*c)->quiet(dev);
}

bool device_close_classes(struct device *dev, bool at_once)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if (!(*c)->close(dev, at_once))
		return false;
	return true;
}

void device_persist_classes(const struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	(*c)->persist(dev);
}

void device_adopt_classes(struct device *dev, int (*fetch)(void *arg, const char *what), void *arg)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if (is_of(dev, *c))
		(*c)->adopt(dev, fetch, arg);
}

void device_classes_adopted(struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	(*c)->adopted(dev);
}

void device_report_classes(const struct device *dev, bool stats, struct json_object *o)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	(*c)->report(dev, stats, o);
}

int device_add_uses(const struct device *dev, struct uses_check *check, const char *change)
{
	const struct class_ops *const *c;
	struct uses_entry *e;
	int r = uses_add(check, dev->config->bdf_text, change, &e);

	FOR_EACH_CLASS(dev, c)
	if (!r)
		r = (*c)->users(dev, &e->uses, &e->nodes);
	return r;
}

/* ---- what others still know of single classes --------------------------------------- */

bool device_has_disks(const struct device *dev)
{
	return dev->block;
}

const char *device_interface(const struct device *dev)
{
	return dev->net.link_known ? dev->net.link.name : dev->config->ifname;
}

const struct net_export *device_net(const struct device *dev)
{
	return dev->net.driver_known ? &dev->net.driver : NULL;
}

void device_restore_net(struct device *dev, int tap, bool mac_by_admin)
{
	dev->net.tap = tap;
	dev->net.mac_by_admin = mac_by_admin;
}

int device_close_net(struct device *dev)
{
	int tap = dev->net.tap;

	link_watch_destroy(dev->net.watch);
	dev->net = (struct device_net){ .tap = -1, .netns = dev->net.netns };
	return tap;
}
