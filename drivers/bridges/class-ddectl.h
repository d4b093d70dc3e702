/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A class of devices in ddectl: what it prints of a device's JSON. One table (struct class_show)
 * for each class; classes-ddectl.c lists them.
 */
#ifndef DDE_CLASS_DDECTL_H
#define DDE_CLASS_DDECTL_H

struct json_object;

struct class_show {
	/* The class's lines of "ddectl status", on stdout; nothing for a device of another. */
	void (*print_status)(struct json_object *dev);
};

/* NULL ends. */
extern const struct class_show *const class_shows[];

#endif
