/* SPDX-License-Identifier: GPL-2.0-only */
/* The job that systemd has for ddekitd's unit. */
#ifndef DDEKITD_UNIT_JOB_H
#define DDEKITD_UNIT_JOB_H

#include <stdbool.h>

/* The job's type, such as "stop", to be freed; NULL: there is none, or systemd cannot be asked.
 * Blocks up to 2 s. */
char *unitjob_type(void);

/* Is the machine shutting down? False if systemd cannot be asked. Blocks up to 2 s. */
bool unitjob_is_shutdown(void);

/* The control group of a unit that has failed or is inactive, and has no job; to be freed. What
 * is in it now is nobody's. Return: 0, -EBUSY: it is in use, -errno. Blocks up to 8 s. */
int unitjob_left_group(const char *unit, char **ret);

enum unit_end {
	UNIT_STOPS, /* or it is not known */
	UNIT_RESTARTS,
	UNIT_ENDS_WITH_MACHINE,
};

/* Why the unit is being stopped. Any thread; blocks up to 12 s while systemd does not answer.
 * Return: 0; -errno: systemd cannot be asked, or not all: *ret is as far as it is known. */
int unitjob_end(enum unit_end *ret);

#endif
