/* SPDX-License-Identifier: GPL-2.0-only */
/* All devices of one ddekitd, its configuration and its place in /run. */
#ifndef DDEKITD_MANAGER_H
#define DDEKITD_MANAGER_H

#include "device/device.h"

struct fdstore;
struct jobs;

struct class_ops;

/* From the command line; NULL: the configuration's. Borrowed, never freed. */
struct manager_options {
	const char *config_path;
	bool config_given; /* explicitly: it must exist */
	const char *only;  /* --device BDF: only this one */
	const char *runtime_dir;
	const char *plugin_dir;
	const char *runtime;
	const char *host_binary;
	const char *front_dir;
	bool fd_store;                          /* drivers survive the end of ddekitd */
	const struct class_ops *const *classes; /* of devices; NULL ends */
};

/* Who is told of what devices do; members may be NULL. Called in the event loop. */
struct manager_listener {
	void (*changed)(void *arg, struct device *dev, enum device_state from);
	void (*logged)(void *arg, const struct device *dev, int level, const char *text);
	void (*link)(void *arg, const struct device *dev);
};

#define MANAGER_LISTENERS 2 /* the control interface, binding.c */

struct manager {
	struct device_env env; /* its fd store is main's */
	struct manager_options options;
	struct config config; /* its devices have been moved out */
	struct ddekit_bdf only;
	int lock;               /* singleton */
	struct device **device; /* sorted by BDF */
	size_t n_devices;
	const struct manager_listener *listener[MANAGER_LISTENERS];
	void *listener_arg[MANAGER_LISTENERS];
	size_t n_listeners;
	struct jobs *jobs; /* reloads, one after another */
	sd_event_source *stop_timer;
	int saved_config;   /* the last good one (state-file.h), -1: none */
	char *config_error; /* why the file is not in use, or NULL */
	bool starting;      /* the service manager waits for READY=1 */
	bool leaving;       /* what runs is left to the next ddekitd */
	bool asking;        /* leave.c waits for an answer of the service manager */
};

/* Return: whether this ddekitd manages the device. */
bool manager_owns(const struct manager *m, const struct device_config *config);
/* Starts a device; one that is not in the machine is started once it is. */
void manager_start(struct device *dev);
/* Sends READY=1: at once, or with --device once the driver has started or failed. */
void manager_ready(struct manager *m);
/* Sends the status to the service manager. */
void manager_notify(struct manager *m);
/* fdstore is borrowed until manager_close().
 * Reads the configuration, locks the runtime folder, creates the devices; starts
 * nothing. Errors are logged. Return: 0, -errno. */
int manager_open(sd_event *event, const struct manager_options *options, struct fdstore *fdstore,
		 struct manager *ret);
void manager_close(struct manager *m);
/* Starts what has autostart=yes. */
void manager_autostart(struct manager *m);
/* Begins an orderly stop of all; the event loop ends after it. */
void manager_stop(struct manager *m);
struct device *manager_find(struct manager *m, struct ddekit_bdf bdf);
/* By BDF long or short, or by interface name. NULL: none. */
struct device *manager_lookup(struct manager *m, const char *name);
/* Adds a device. config is moved on success. Return: 0, -EEXIST, -ENOMEM. */
int manager_add(struct manager *m, struct device_config *config, bool transient,
		struct device **ret);

/* Both are borrowed as long as there are devices. Listeners are called in the order of
 * subscription. Return: 0, -ENOSPC. */
int manager_subscribe(struct manager *m, const struct manager_listener *listener, void *arg);

#endif
