/* SPDX-License-Identifier: GPL-2.0-only */
/* What the command line gave, and what ddectl exits with. */
#ifndef DDECTL_OPTIONS_H
#define DDECTL_OPTIONS_H

#include "lib/util.h"

/* Exit codes, as in ddectl(1). */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1, /* refused or went wrong */
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_NO_DEVICE = 4,
	EXIT_DEVICE_FAILED = 5, /* the device is in state failed */
	EXIT_TIMEOUT = 6,
	EXIT_BAD_CONFIG = 78,
};

struct settings {
	struct strv key, value;
};

struct options {
	bool json;
	bool help;
	const char *socket; /* NULL: look in runtime_dir */
	const char *runtime_dir;
	const char *plugin_dir; /* drivers without a daemon */
	uint32_t lines;         /* logs -n */
	uint32_t priority;      /* logs -p */
	bool follow;            /* logs -f */
	uint32_t watch_ms;      /* stats --watch; 0: once */
	bool group;             /* list */
	uint32_t timeout_ms;    /* bind, unbind, restart */
	uint32_t trial_ms;      /* switch */
	bool no_wait;
	bool runtime;             /* bind, switch, unbind: the configuration stays as it is */
	bool force;               /* bind, unbind */
	bool dry_run;             /* bind */
	bool all;                 /* list --all: devices of the machine too */
	bool in_place;            /* restart */
	bool kernel;              /* stats */
	bool openmetrics;         /* stats */
	struct settings settings; /* bind --KEY VALUE, restart --options VALUE */
	struct strv given;        /* the long names of all options */
	int argc;                 /* what is left after the command */
	char **argv;
};

#endif
