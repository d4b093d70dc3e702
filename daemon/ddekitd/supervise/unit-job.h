/* SPDX-License-Identifier: GPL-2.0-only */
/* The job that systemd has for ddekitd's unit. */
#ifndef DDEKITD_UNIT_JOB_H
#define DDEKITD_UNIT_JOB_H

#include <stdbool.h>

/* The job's type, such as "stop", to be freed; NULL: there is none, or systemd cannot be asked.
 * Blocks up to 2 s. */
char *unitjob_type(void);
/* Is the unit being restarted, by whatever command? False if it is stopped, or if
 * systemd cannot be asked. Blocks up to 2 s. */
bool unitjob_is_restart(void);

/* Is the machine shutting down? False if systemd cannot be asked. Blocks up to 2 s. */
bool unitjob_is_shutdown(void);

#endif
