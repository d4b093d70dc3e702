/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host half of the runtime: loads libdde-linux.so, gives it threads, time,
 * memory, the PCI device and interrupts, and loads plugins into it.
 *
 * One runtime per process: the runtime's own state is process-wide, so is this.
 * Functions are for the main thread unless they say otherwise.
 */
#ifndef DDE_HOST_H
#define DDE_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <ddekit/pci.h>
#include "seam.h"

/* What the owner of the runtime wants to hear.  Called on a CPU thread, which
 * must not be held up: they may write to a fd, and no more. */
struct dde_host_events {
	/* A log line, without newline. */
	void (*log)(unsigned int level, const char *text, size_t len);
	void (*booted)(void);
	void (*request_done)(struct dde_request *req);
	/* The runtime shut down in order; the caller's thread stays blocked. */
	void (*halted)(void);
	/* The runtime is dead (panic), or the device is. Returning aborts the process. */
	void (*died)(const char *reason);
};

struct dde_host_config {
	const char *runtime;		/* path of libdde-linux.so */
	const char *cmdline;		/* kernel command line */
	const char *firmware_dirs;	/* colon-separated, absolute */
	const char *plugin_dir;		/* absolute: where request_module() finds modules
					 * by the index modules.index; NULL: nowhere */
	unsigned int nr_cpus;		/* 1..dde_up.max_cpus, which is 1 in the UP flavour */
	struct ddekit_pci *pci;		/* borrowed for ever; NULL: no device */
	struct ddekit_pool pool;	/* where pci is NULL: memory to run in */
	uint32_t pci_domain;
	const struct dde_host_events *events;
};

/**
 * dde_host_load - load the runtime, without starting it
 * @ret_why: on failure a message to be freed; may be NULL
 * Return: 0, -ENOENT, -ELIBBAD (not a runtime), -EPROTO (other seam version),
 * -EINVAL (it cannot have so many CPUs).
 */
int dde_host_load(const struct dde_host_config *config, char **ret_why);

/* Starts CPU 0. Return: 0 or negative errno; events->booted() comes later. */
int dde_host_start(void);

/* The loaded runtime's up-calls; constant. */
const struct dde_up *dde_host_up(void);

struct dde_host_plugin {
	void *handle;
	struct dde_plugin plugin;	/* for dde_up_plugin.load */
	char *args;
	char *path;
	struct dde_host_plugin *next;	/* its owner's */
};

/**
 * dde_host_plugin_open - map a plugin into the process
 * @path: absolute path of the shared object
 * @args: module parameters, copied; may be NULL
 *
 * Refuses a plugin that was built for another runtime before any of its code
 * runs. Nothing is initialised: submit dde_up_plugin.load for that.
 * Return: 0, -ENOENT, -ENOEXEC (other runtime, not a plugin), -ENOMEM.
 */
int dde_host_plugin_open(const char *path, const char *args, struct dde_host_plugin **ret,
			 char **ret_why);
/* A symbol of the plugin; NULL if there is none. */
void *dde_host_plugin_symbol(struct dde_host_plugin *plugin, const char *name);
/* Unmaps it; after dde_up_plugin.unload succeeded. NULL is fine. */
void dde_host_plugin_close(struct dde_host_plugin *plugin);
/**
 * dde_host_plugin_mapped - is a plugin's file still mapped in the process?
 * @path: as it was opened
 *
 * Opened again, a plugin that is still mapped is not as new: its data is what
 * the unloaded module left.
 */
bool dde_host_plugin_mapped(const char *path);
/**
 * dde_host_requested_take - a plugin that request_module() has loaded
 *
 * Any thread. Moves the newest of them to the caller, who unloads and closes it.
 * Return: NULL if there is none.
 */
struct dde_host_plugin *dde_host_requested_take(void);

/* Any thread. Has fn(arg) run in the runtime; events->request_done() follows. */
void dde_host_submit(struct dde_request *req);

/* In a signal handler with its ucontext_t: has the runtime write registers and
 * backtrace of this CPU, and of all tasks, to the log. Does nothing on threads that
 * are no CPU. */
void dde_host_dump(const void *context);

/* A soft interrupt for a bridge, not yet raised by anything. Any thread.
 * Return: 0, -ENOSPC. */
int dde_host_irq_alloc(uint32_t *ret_hwirq);
/**
 * dde_host_watch - raise an interrupt when a fd becomes readable
 * @fd:    borrowed; watched edge-triggered until dde_host_unwatch()
 * @hwirq: the soft interrupt to raise; its handler is there already. It is
 *         raised at once if the fd is readable now
 * Any thread. Return: 0, -errno of epoll_ctl.
 */
int dde_host_watch(int fd, uint32_t hwirq);
void dde_host_unwatch(int fd);

/* Counters since start; any thread; read without a lock. */
struct dde_host_stats {
	uint64_t irqs;		/* raised for the device and for watched fds */
	uint64_t ticks;		/* tick signals taken */
	uint64_t idle_waits;
	uint64_t syscalls;	/* made by this half and known bridges */
};
void dde_host_stats(struct dde_host_stats *ret);
/* For bridges: counts n system calls. */
void dde_host_count_syscalls(unsigned int n);

#endif
