/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A class of devices in a driver host: what joins a driver of the class to the host.
 * One table (struct bridge_class) for each class; classes-host.c lists them. A bridge's
 * state is its own struct, with struct bridge in it.
 * Main thread.
 */
#ifndef DDE_CLASS_HOST_H
#define DDE_CLASS_HOST_H

#include <systemd/sd-event.h>
#include "dde_host.h"
#include "protocol/host.h"

struct bridge;

/* A function of the runtime, for a request: in task context there, may sleep. */
typedef int64_t (*bridge_fn)(void *arg);

/* What a bridge may call of the session that opened it. */
struct bridge_env {
	sd_event *event;
	/* The device cannot serve any more: tells ddekitd, and ends the process. */
	void (*fail)(int error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
	/* The driver is being unloaded or stopped: what it takes away may come back. */
	bool (*leaving)(void);
};

/* The parts of a bridge. All pointers stay valid until the process ends. */
struct bridge_parts {
	struct dde_host_plugin *plugin; /* opened, not yet loaded into the runtime */
	const struct proto_setup *setup;
	const int *fds; /* n_fds of the class */
};

/* Functions return NULL where the class has none. */
struct bridge_class {
	const char *name;    /* "net"; of its plugin, dde_NAME, too */
	const char *missing; /* what a driver that drives nothing does not offer */
	unsigned int n_fds;  /* that ddekitd hands over, see its protocol.h */
	/* Joins the plugin to the host's side. Events may follow once the plugin's attach
	 * is called. Return: 0, -ENOEXEC (the plugin is no bridge of the class), -EPROTO
	 * (another version of the seam), -errno. */
	int (*open)(const struct bridge_env *env, const struct bridge_parts *parts,
		    struct bridge **ret);
	bridge_fn (*attach)(struct bridge *bridge); /* its arg: NULL */
	bridge_fn (*detach)(struct bridge *bridge); /* likewise */
	/* The driver is about to be unloaded. */
	void (*reloads)(struct bridge *bridge);
	/* Sends ddekitd again all that it was sent before. */
	void (*resend)(struct bridge *bridge);
	/* Writes the class's statistics to arg, in the order of its protocol.h. */
	bridge_fn (*stats)(struct bridge *bridge);
	/* @data: PROTO_CLASS_BYTES, a request of the class's; valid until the function has
	 * returned. *ret_arg: the function's. */
	bridge_fn (*request)(struct bridge *bridge, void *data, void **ret_arg);
};

struct bridge {
	const struct bridge_class *class;
	const struct bridge_env *env;
};

/* By name. Return: NULL: not known. */
const struct bridge_class *bridge_class_find(const char *name);

#endif
