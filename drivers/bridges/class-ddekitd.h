/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A class of devices in ddekitd: what belongs to a device and outlives its driver hosts.
 * One table (struct class_ops) for each class; classes-ddekitd.c lists them, and who makes
 * the devices hands the list to them (struct device_env).  A class is a part of the device,
 * as the files of daemon/ddekitd/device are: it reports to the state machine by
 * dev->events. All in the event loop; none but close() at once may block.
 *
 *	open → (may_start → hand_over → ready → absent → quiet)* → close
 *
 * hand_over() and adopt() are called for devices of the class, message() for its messages; the
 * others for each device, whatever its class: for one that has nothing of the class they do
 * nothing.
 */
#ifndef DDE_CLASS_DDEKITD_H
#define DDE_CLASS_DDEKITD_H

#include <json-c/json.h>
#include "protocol/host.h"

struct device;
struct strv;

struct class_ops {
	const char *name;       /* as in recipes: "net" */
	bool serves_when_ready; /* else once it has a link */
	/* Makes or adjusts what the device has of the class. @wanted: its plugin is of the
	 * class; else what is there is closed, or goes with the claim. Return: 0; 1: the event
	 * class_opened or class_closed follows; -errno with *ret_why. */
	int (*open)(struct device *dev, bool wanted, char **ret_why);
	/* A driver host is about to be started. Return: false: not yet, to be tried again. */
	bool (*may_start)(struct device *dev);
	/* Fills in class_setup and the files, borrowed, of a device of the class. Return: how
	 * many files. */
	unsigned int (*hand_over)(const struct device *dev, struct proto_setup *setup,
				  int fds[PROTO_CLASS_FDS]);
	/* The driver host serves. @again: it has told another ddekitd so. */
	void (*ready)(struct device *dev, bool again);
	/* An export of the class has changed; the message has been checked. */
	void (*message)(struct device *dev, const struct proto_export *msg);
	/* The driver host has died, or is being stopped. */
	void (*absent)(struct device *dev);
	/* It is dead, and the device has been reset. */
	void (*quiet)(struct device *dev);
	/* @at_once: without an event loop; may block. Return: true: it is closed; false: the
	 * event class_closed follows. */
	bool (*close)(struct device *dev, bool at_once);
	/* Stores its files for the next ddekitd (device_store()). */
	void (*persist)(const struct device *dev);
	/* Goes on with them; @fetch returns one, moved, or -errno. */
	void (*adopt)(struct device *dev, int (*fetch)(void *arg, const char *what), void *arg);
	/* The claim has been adopted too. */
	void (*adopted)(struct device *dev);
	/* Status as JSON, or what is in it of statistics alone. */
	void (*report)(const struct device *dev, bool stats, struct json_object *o);
	/* Who has an export open, in words, and names of block devices, of which others have
	 * to find that out (disk-users.h). Return: 0, -ENOMEM. */
	int (*users)(const struct device *dev, struct strv *users, struct strv *nodes);
};

/* NULL ends. */
extern const struct class_ops *const class_ops[];

#endif
