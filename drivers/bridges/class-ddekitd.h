/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A class of devices in ddekitd: what belongs to a device and outlives its driver hosts.
 * One table (struct class_ops) for each class; classes-ddekitd.c lists them, and who makes
 * the devices hands the list to them (struct device_env).  A class is a part of the device,
 * as the files of daemon/ddekitd/device are: it reports to the state machine by
 * dev->events. All in the event loop; none but close() at once may block.
 *
 *	open → (may_start → hand_over → ready → absent → quiet)* → release → close
 *
 * hand_over() is called for devices of the class, message() for its messages; the others for
 * each device, whatever its class: for one that has nothing of the class they do nothing.
 */
#ifndef DDE_CLASS_DDEKITD_H
#define DDE_CLASS_DDEKITD_H

#include <json-c/json.h>
#include "protocol/host.h"

struct class_ops;
struct device;
struct device_link;
struct strv;

/* What a class has of a device: the first member of the class's own struct, which is private to
 * the class. device_part() finds it. */
struct class_part {
	struct class_part *next;
	const char *class; /* its name */
};

/* For the next ddekitd. */
struct class_store_ops {
	/* Stores its files (device_store()). */
	void (*persist)(const struct device *dev);
	/* Adds to the device's description; NULL: nothing. */
	void (*describe)(const struct device *dev, struct json_object *o);
	/* Continues with both; @fetch returns a file, moved, or -errno. Return: 0; -errno: what
	 * the driver host has of the class is lost, and it must be replaced. */
	int (*adopt)(struct device *dev, struct json_object *o,
		     int (*fetch)(void *arg, const char *what), void *arg);
	/* The claim has been adopted too; NULL: nothing is to be done. */
	void (*adopted)(struct device *dev);
};

/* For status, statistics and properties. */
struct class_view_ops {
	/* Status as JSON, or what is in it of statistics alone. */
	void (*report)(const struct device *dev, bool stats, struct json_object *o);
	/* Who has an export open, in words, and names of block devices, of which others have
	 * to find that out (disk-users.h). Return: 0, -ENOMEM. NULL: nobody can. */
	int (*users)(const struct device *dev, struct strv *users, struct strv *nodes);
	/* The present name of its interface, borrowed; NULL: none is known. The function is NULL
	 * for a class without interfaces of the host. */
	const char *(*interface)(const struct device *dev);
	/* See device_link(). NULL: it has no link. */
	bool (*link)(const struct device *dev, struct device_link *ret);
};

struct class_ops {
	const char *name;       /* as in recipes: "net" */
	bool serves_when_ready; /* else once it has a link */
	/* Makes or adjusts what the device has of the class. @wanted: its plugin is of the
	 * class; else what is there is closed, or goes with the claim. Return: 0; 1: the event
	 * class_opened or class_closed follows; -errno with *ret_why. */
	int (*open)(struct device *dev, bool wanted, char **ret_why);
	/* A driver host is about to be started. Return: false: not yet, to be tried again.
	 * NULL: always. */
	bool (*may_start)(struct device *dev);
	/* Fills in class_setup and the files, borrowed, of a device of the class. Return: how
	 * many files. */
	unsigned int (*hand_over)(const struct device *dev, struct proto_setup *setup,
				  int fds[PROTO_CLASS_FDS]);
	/* The driver host serves. @again: it has told another ddekitd so. */
	void (*ready)(struct device *dev, bool again);
	/* An export of the class has changed; the message has been checked. */
	void (*message)(struct device *dev, const struct proto_export *msg);
	/* The driver host has died, or is being stopped. NULL: nothing changes. */
	void (*absent)(struct device *dev);
	/* It is dead, and the device has been reset. NULL: likewise. */
	void (*quiet)(struct device *dev);
	/* The device is being released, or has failed: the file that it holds for the class
	 * (device_hold_file()) is not the class's any more. NULL: there is none. */
	void (*release)(struct device *dev);
	/* @at_once: without an event loop; may block. Return: true: it is closed; false: the
	 * event class_closed follows. NULL: release() has closed all. */
	bool (*close)(struct device *dev, bool at_once);
	const struct class_store_ops *store;
	const struct class_view_ops *view;
};

/* NULL ends. */
extern const struct class_ops *const class_ops[];

#endif
