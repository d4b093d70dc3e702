/* SPDX-License-Identifier: GPL-2.0-only */
/* The device and the classes of devices: each call goes to all classes; see private.h. */
#include <errno.h>

#include "drivers/bridges/class-ddekitd.h"
#include "private.h"
#include "system/disk-users.h"

/* ---- for the classes ------------------------------------------------------------------ */

bool device_is_of_class(const struct device *dev, const struct class_ops *class)
{
	return str_equal(dev->plugin.bridge, class->name);
}

struct class_part *device_part(const struct device *dev, const char *class)
{
	struct class_part *part = dev->parts;

	while (part && strcmp(part->class, class))
		part = part->next;
	return part;
}

void device_add_part(struct device *dev, struct class_part *part)
{
	part->next = dev->parts;
	dev->parts = part;
}

void device_remove_part(struct device *dev, struct class_part *part)
{
	struct class_part **at = &dev->parts;

	while (*at != part)
		at = &(*at)->next;
	*at = part->next;
}

/* ---- to the classes --------------------------------------------------------------------- */

/* Calls for one class after the other; a test may have a device without any. */
#define FOR_EACH_CLASS(dev, c) for ((c) = (dev)->env->classes; (c) && *(c); (c)++)

static const struct class_ops *class_of(const struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if (device_is_of_class(dev, *c))
		return *c;
	return NULL;
}

int device_open_classes(struct device *dev, char **ret_why)
{
	const struct class_ops *const *c;
	int r = 0;

	FOR_EACH_CLASS(dev, c)
	{
		r = (*c)->open(dev, device_is_of_class(dev, *c), ret_why);
		if (r)
			break;
	}
	return r;
}

bool device_classes_may_start(struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if ((*c)->may_start && !(*c)->may_start(dev))
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
	if ((*c)->absent)
		(*c)->absent(dev);
}

void device_classes_quiet(struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if ((*c)->quiet)
		(*c)->quiet(dev);
}

void device_release_classes(struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if ((*c)->release)
		(*c)->release(dev);
}

bool device_close_classes(struct device *dev, bool at_once)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if ((*c)->close && !(*c)->close(dev, at_once))
		return false;
	return true;
}

/* ---- the next ddekitd -------------------------------------------------------------------- */

void device_persist_classes(const struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	(*c)->store->persist(dev);
}

void device_describe_classes(const struct device *dev, struct json_object *o)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if ((*c)->store->describe)
		(*c)->store->describe(dev, o);
}

int device_adopt_classes(struct device *dev, struct json_object *o,
			 int (*fetch)(void *arg, const char *what), void *arg)
{
	const struct class_ops *const *c;
	int r = 0, r1;

	FOR_EACH_CLASS(dev, c)
	{
		r1 = (*c)->store->adopt(dev, o, fetch, arg);
		r = r1 < 0 ? r1 : r;
	}
	return r;
}

void device_classes_adopted(struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if ((*c)->store->adopted)
		(*c)->store->adopted(dev);
}

/* ---- for others ---------------------------------------------------------------------------- */

void device_report_classes(const struct device *dev, bool stats, struct json_object *o)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	(*c)->view->report(dev, stats, o);
}

bool device_may_have_users(const struct device *dev)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if ((*c)->view->users && device_part(dev, (*c)->name))
		return true;
	return false;
}

int device_add_uses(const struct device *dev, struct uses_check *check, const char *change)
{
	const struct class_ops *const *c;
	struct uses_entry *e;
	int r = uses_add(check, dev->config->bdf_text, change, &e);

	FOR_EACH_CLASS(dev, c)
	if (!r && (*c)->view->users)
		r = (*c)->view->users(dev, &e->uses, &e->nodes);
	return r;
}

bool device_has_interface(const struct device *dev)
{
	const struct class_ops *class = class_of(dev);

	return !class || class->view->interface;
}

const char *device_interface(const struct device *dev)
{
	const struct class_ops *const *c;
	const char *name = NULL;

	FOR_EACH_CLASS(dev, c)
	if (!name && (*c)->view->interface)
		name = (*c)->view->interface(dev);
	return name ? name : dev->config->ifname;
}

bool device_link(const struct device *dev, struct device_link *ret)
{
	const struct class_ops *const *c;

	FOR_EACH_CLASS(dev, c)
	if ((*c)->view->link && (*c)->view->link(dev, ret))
		return true;
	return false;
}
