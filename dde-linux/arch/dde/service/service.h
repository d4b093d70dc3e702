/* SPDX-License-Identifier: GPL-2.0-only */
/* Interface of service/, for the tables of up-calls and the set-up. */
#ifndef DDE_SERVICE_H
#define DDE_SERVICE_H

#include <linux/types.h>
#include <asm/dde_seam.h>

/* CPU 0, in setup_arch(). */
void dde_console_init(void);
/* What panic() was called with; empty before. */
extern char dde_panic_text[256];

/* dde_up_sys. */
void dde_control_submit(struct dde_request *req);
s64 dde_heartbeat(void *arg);
s64 dde_counters(void *arg);
/* dde_up_plugin. */
s64 dde_devpage(void *arg);

#endif
