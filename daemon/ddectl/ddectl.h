/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddectl: the command line of ddekitd.
 *
 *   main.c     options, table of commands
 *   client.c   connections to the daemons, calls, waiting for a state
 *   show.c     list, status
 *   drivers.c  drivers
 *   logs.c     logs
 *   stats.c    stats
 *   plan.c     bind --dry-run
 *   change.c   bind, unbind, restart, reload, monitor, check
 *   events.c   events
 *   metrics.c  stats --openmetrics
 *   module.c   param, modules
 *   groups.c   list --group
 *   try.c      try
 *   pcilist.c  the machine's PCI devices
 *   table.c    columns
 */
#ifndef DDECTL_H
#define DDECTL_H

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "protocol/control.h"
#include "lib/json.h"
#include "lib/util.h"

/* Exit codes, as in ddectl(1). */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* refused or went wrong */
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_NO_DEVICE = 4,
	EXIT_DEVICE_FAILED = 5,	/* the device is in state failed */
	EXIT_TIMEOUT = 6,
	EXIT_BAD_CONFIG = 78,
};

struct settings {
	struct strv key, value;
};

struct options {
	bool json;
	bool help;
	const char *socket;		/* NULL: look in runtime_dir */
	const char *runtime_dir;
	const char *plugin_dir;		/* drivers without a daemon */
	uint32_t lines;			/* logs -n */
	uint32_t priority;		/* logs -p */
	bool follow;			/* logs -f */
	uint32_t watch_ms;		/* stats --watch; 0: once */
	bool group;			/* list */
	uint32_t timeout_ms;		/* bind, unbind, restart */
	bool no_wait;
	bool runtime;			/* bind, unbind: nothing is written down */
	bool force;			/* bind, unbind */
	bool dry_run;			/* bind */
	bool all;			/* list --all: devices of the machine too */
	bool in_place;			/* restart */
	bool kernel;			/* stats */
	bool openmetrics;		/* stats */
	struct settings settings;	/* bind --KEY VALUE, restart --options VALUE */
	struct strv given;		/* the long names of all options */
	int argc;			/* what is left after the command */
	char **argv;
};

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;		/* further lines, or NULL */
	const char *honours;		/* its options, blanks between; all others are refused */
	int min, max;			/* number of arguments */
	bool hidden;
	int (*run)(const struct options *o);
};

/* ---- client.c -------------------------------------------------------------- */

struct client;

/* Connects to one daemon, or to all that have a socket in the runtime folder.
 * Prints what is wrong. Return: 0, exit code. */
int client_open(const struct options *o, struct client **ret);
void client_close(struct client *c);
size_t client_count(const struct client *c);
/* The bus of the i-th daemon. */
sd_bus *client_bus(const struct client *c, size_t i);
/* Does something with the device named by the first argument, on the bus of the daemon that
 * has it. Return: exit code. */
int client_with_device(const struct options *o, int (*fn)(const struct options *o, sd_bus *bus));
/* The daemon that has the device, by its name. Return: 0, exit code (printed). */
int client_find(struct client *c, const char *device, sd_bus **ret);
/* The same, or the first if none has it. */
sd_bus *client_find_or_first(struct client *c, const char *device);
/* Says so on stderr if a daemon does not run with its file. */
void client_warn_config(const struct client *c);
/* Calls a method that answers with JSON text. Return: 0, exit code (printed). */
int client_json(sd_bus *bus, const char *method, const char *device, struct json_object **ret);
/* The same of the device o->argv[0], by the daemon that has it. */
int client_device_json(const struct options *o, const char *method, struct json_object **ret);
/* Adds bind's settings, a{ss}, to a message. Return: 0, -errno. */
int client_add_settings(sd_bus_message *msg, const struct settings *s);
/* CONTROL_BIND_* of the options. */
uint32_t client_bind_flags(const struct options *o);
/* Prints the error of a call. Return: its exit code. */
int client_error(int r, const sd_bus_error *error);

/* Waits for a device's states. */
struct waiter;
int waiter_open(sd_bus *bus, struct waiter **ret);
/* Until the device is in state goal ("up", "configured") or failed, or, for
 * "configured", gone. Progress is told after 2 s. Return: exit code. */
int waiter_wait(struct waiter *w, const char *bdf, const char *goal, const struct options *o);
void waiter_close(struct waiter *w);

/* ---- output ----------------------------------------------------------------- */

void print_json(struct json_object *o);
/* Each on a line of its own; drops the object. */
void print_json_line(struct json_object *o);
/* A line of a device's or plugin's description; nothing if there is no value. */
void print_field(const char *name, const char *value);

struct table;
struct table *table_create(unsigned int columns, const char *const *names);
/* columns texts; NULL is shown as "-". */
void table_row(struct table *t, const char *const *cells);
/* Prints and destroys it. */
void table_print(struct table *t);

/* ---- commands -------------------------------------------------------------- */

int cmd_list(const struct options *o);
int cmd_status(const struct options *o);
int cmd_drivers(const struct options *o);
int cmd_events(const struct options *o);
int cmd_logs(const struct options *o);
int cmd_stats(const struct options *o);
int cmd_bind(const struct options *o);
/* plan.c: what a bind would do. Return: exit code. */
int print_plan(const struct options *o, sd_bus *bus);
int cmd_try(const struct options *o);
int cmd_unbind(const struct options *o);
int cmd_restart(const struct options *o);
int cmd_reload(const struct options *o);
int cmd_param(const struct options *o);
int cmd_modules(const struct options *o);
int cmd_nvme(const struct options *o);
int cmd_monitor(const struct options *o);
int cmd_check(const struct options *o);

/* metrics.c: of o->argv[0], or of all devices. Return: exit code. */
int print_metrics(const struct options *o);

/* pcilist.c: the machine's PCI devices as JSON objects bdf, id, driver, iommu_group, name. */
struct json_object *pci_devices(void);

/* groups.c: the IOMMU groups that have a device of @devices, or all of the machine. */
void print_groups(const struct options *o, struct json_object *devices);

#endif
