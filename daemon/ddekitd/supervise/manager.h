/* SPDX-License-Identifier: GPL-2.0-only */
/* All devices of one ddekitd, its configuration and its place in /run. */
#ifndef DDEKITD_MANAGER_H
#define DDEKITD_MANAGER_H

#include "device/device.h"

struct bus;
struct fdstore;
struct jobs;

/* From the command line; NULL: the configuration's. Borrowed for ever. */
struct manager_options {
	const char *config_path;
	bool config_given;		/* not the default: it must exist */
	const char *only;		/* --device BDF: this one alone */
	const char *runtime_dir;
	const char *plugin_dir;
	const char *runtime;
	const char *host_binary;
	const char *front_dir;
	bool fd_store;			/* drivers outlive ddekitd */
};

struct manager {
	sd_event *event;
	struct manager_options options;
	struct config config;		/* its devices have been moved out */
	struct ddekit_bdf only;
	uid_t host_uid;
	gid_t host_gid;
	int lock;			/* singleton */
	struct device **device;		/* sorted by BDF */
	size_t n_devices;
	struct bus *bus;
	struct fdstore *fdstore;	/* main's; NULL: none */
	struct jobs *jobs;		/* reloads, one after another */
	sd_event_source *stop_timer;
	int kept_config;		/* the last good one (state-file.h), -1: none */
	char *config_error;		/* why the file is not what is in use, or NULL */
	bool stopping;
	bool starting;			/* the service manager waits for READY=1 */
	bool leaving;			/* what runs is the next ddekitd's */
};

/* Reads the configuration with the options laid over it. Errors are logged.
 * Return: 0, -EINVAL, -ENOENT, -ENOMEM. */
int manager_read_config(const struct manager_options *options, struct config *ret);

/* Its part of manager_open(): reads it, or takes the last good one. */
int manager_open_config(struct manager *m);
/* A successor is to find no last good one. */
void manager_forget_config(struct manager *m);
/* Is the device one of this ddekitd's? */
bool manager_owns(const struct manager *m, const struct device_config *config);
/* Starts a device; one that is not in the machine is started once it is. */
void manager_start(struct device *dev);
/* READY=1: at once, or for --device when it is decided whether the driver starts. */
void manager_ready(struct manager *m);
/* Tells the service manager how it stands. */
void manager_notify(struct manager *m);
/* fdstore is borrowed until manager_close().
 * Reads the configuration, locks the runtime folder, makes the devices; starts
 * nothing. Errors are logged. Return: 0, -errno. */
int manager_open(sd_event *event, const struct manager_options *options,
		 struct fdstore *fdstore, struct manager *ret);
void manager_close(struct manager *m);
/* Starts what has autostart=yes. */
void manager_autostart(struct manager *m);
/* Begins an orderly stop of all; the event loop ends after it. */
void manager_stop(struct manager *m);
/* Called once, in the event loop: r < 0: all stays as it was, and @why (NULL: no memory) has
 * the errors, one per line. */
typedef void (*manager_reloaded_fn)(void *arg, int r, const char *why);
/* Reads the configuration again; fn is called once it is in use. Return: 0; -errno: fn will
 * not be called, all stays as it was; *ret_why: the errors, one per line, to be freed. */
int manager_reload(struct manager *m, manager_reloaded_fn fn, void *arg, char **ret_why);

struct device *manager_find(struct manager *m, struct ddekit_bdf bdf);
/* By BDF long or short, or by interface name. NULL: none. */
struct device *manager_lookup(struct manager *m, const char *name);
/* Adds a device. config is moved on success. Return: 0, -EEXIST, -ENOMEM. */
int manager_add(struct manager *m, struct device_config *config, bool transient,
		struct device **ret);

/* Called by devices. */
void manager_device_changed(struct manager *m, struct device *dev, enum device_state from);
void manager_device_logged(struct manager *m, struct device *dev, int level, const char *text);
void manager_link_changed(struct manager *m, struct device *dev);
void manager_device_gone(struct manager *m, struct device *dev);	/* frees it */

#endif
