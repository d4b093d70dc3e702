/* SPDX-License-Identifier: GPL-2.0-only */
/* ddectl: the command line of ddekitd. Its commands, for the table in main.c. */
#ifndef DDECTL_H
#define DDECTL_H

#include "client/options.h"

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

/* ---- show/ ---- */

int cmd_list(const struct options *o);
int cmd_status(const struct options *o);
int cmd_drivers(const struct options *o);
int cmd_events(const struct options *o);
int cmd_logs(const struct options *o);
int cmd_stats(const struct options *o);
int cmd_modules(const struct options *o);
int cmd_param(const struct options *o);
int cmd_nvme(const struct options *o);

/* ---- change/ ---- */

int cmd_bind(const struct options *o);
int cmd_unbind(const struct options *o);
int cmd_restart(const struct options *o);
int cmd_reload(const struct options *o);
int cmd_monitor(const struct options *o);
int cmd_check(const struct options *o);
int cmd_try(const struct options *o);

#endif
