/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host half of the runtime: loads libdde-linux.so, provides threads, time, memory,
 * the PCI device and interrupts to it, and loads plugins.
 *
 * One runtime per process: the state of the runtime and of this library is process-wide.
 * Functions are for the main thread, and may block for file system and memory
 * operations, unless they say otherwise.
 */
#ifndef DDE_HOST_H
#define DDE_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <ddekit/pci.h>
#include "seam.h"

/* Events for the owner of the runtime.  Called on a CPU thread, log() also on others
 * and in signal handlers; must not block: write to a fd, and no more. */
struct dde_host_events {
	/* A log line without newline, borrowed for the call. */
	void (*log)(unsigned int level, const char *text, size_t len);
	/* Once: the runtime accepts requests. */
	void (*booted)(void);
	/* The request is its submitter's again. */
	void (*request_done)(struct dde_request *req);
	/* The runtime has shut down in order; the calling thread stays blocked. */
	void (*halted)(void);
	/* The runtime has panicked, or the device is gone. Returning aborts the process. */
	void (*died)(const char *reason);
};

struct dde_host_config {
	const char *runtime;       /* path of libdde-linux.so */
	const char *cmdline;       /* kernel command line */
	const char *firmware_dirs; /* colon-separated, absolute */
	const char *plugin_dir;    /* absolute: request_module() finds modules there
					 * by the index modules.index; NULL: none */
	unsigned int nr_cpus;      /* 1..dde_up.max_cpus, which is 1 in the UP flavour */
	struct ddekit_pci *pci;    /* never closed; NULL: no device */
	struct ddekit_pool pool;   /* if pci is NULL: memory to run in */
	uint32_t pci_domain;
	const void *smbios; /* see dde_boot; borrowed for ever */
	size_t smbios_size; /* 0: none */
	const struct dde_host_events *events;
};

/**
 * dde_host_load - load the runtime, without starting it
 * @ret_why: on failure a message to be freed; may be NULL
 * Return: 0, -ENOENT, -ELIBBAD (not a runtime), -EPROTO (other seam version),
 * -EINVAL (it cannot have so many CPUs).
 */
int dde_host_load(const struct dde_host_config *config, char **ret_why);

/* Starts CPU 0; does not wait: events->booted() follows. Return: 0, negative errno. */
int dde_host_start(void);

/* Any thread; does not block. Return: the loaded runtime's up-calls; NULL before. */
const struct dde_up *dde_host_up(void);

struct dde_host_plugin {
	void *handle;
	struct dde_plugin plugin; /* for dde_up_plugin.load */
	char *args;
	char *path;
	struct dde_host_plugin *next; /* its owner's */
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
/* Any thread. Return: a symbol of the plugin; NULL if there is none. */
void *dde_host_plugin_symbol(struct dde_host_plugin *plugin, const char *name);
/* Any thread. Unmaps it, after dde_up_plugin.unload has succeeded. NULL is fine. */
void dde_host_plugin_close(struct dde_host_plugin *plugin);
/**
 * dde_host_plugin_mapped - is a plugin's file still mapped in the process?
 * @path: as it was opened
 *
 * If so, opening it again gives the data that the unloaded module has left, and the
 * runtime refuses it.
 */
bool dde_host_plugin_mapped(const char *path);
/**
 * dde_host_requested_take - a plugin that request_module() has loaded
 *
 * Any thread; does not block. Moves the newest of them to the caller, who unloads and
 * closes it.
 * Return: NULL if there is none.
 */
struct dde_host_plugin *dde_host_requested_take(void);

/* Any thread; does not block. Runs fn(arg) in the runtime; req belongs to the runtime
 * until events->request_done(). */
void dde_host_submit(struct dde_request *req);

/* In a signal handler, with its ucontext_t; does not block. The runtime writes this
 * CPU's registers and backtrace to the log, CPU 0 also those of all tasks. Does nothing
 * on threads other than CPUs. */
void dde_host_dump(const void *context);

/* Any thread; does not block. Allocates a soft interrupt for a bridge; it is never freed.
 * Return: 0, -ENOSPC. */
int dde_host_irq_alloc(uint32_t *ret_hwirq);
/**
 * dde_host_watch - raise an interrupt when a fd becomes readable
 * @fd:    borrowed; watched edge-triggered until dde_host_unwatch()
 * @hwirq: the soft interrupt to raise, whose handler is already set. It is raised at
 *         once if the fd is readable now
 * Any thread; does not block. Return: 0, -EBUSY (it has a fd), -errno of epoll_ctl.
 */
int dde_host_watch(int fd, uint32_t hwirq);
/* Any thread; does not block. Ends that; a last interrupt may still be raised. */
void dde_host_unwatch(int fd);

/* Counters since the start of the process. */
struct dde_host_stats {
	uint64_t irqs;  /* raised for the device and for watched fds */
	uint64_t ticks; /* tick signals taken */
	uint64_t idle_waits;
	uint64_t syscalls; /* by this library and bridges */
};
/* Any thread; does not block. Without a lock: not a consistent snapshot. */
void dde_host_stats(struct dde_host_stats *ret);
/* For bridges; any thread, does not block. Counts n system calls. */
void dde_host_count_syscalls(unsigned int n);

#endif
