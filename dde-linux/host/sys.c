/* SPDX-License-Identifier: GPL-2.0-only */
/* Events in the life of the runtime, for its owner. */
#include <unistd.h>
#include "internal.h"

__attribute__((noreturn)) static void sys_halt(void)
{
	host.config.events->halted();
	for (;;)
		pause();
}

static void sys_booted(void)
{
	host.config.events->booted();
}

static void sys_request_done(struct dde_request *req)
{
	if (!host_clock_done(req))
		host.config.events->request_done(req);
}

const struct dde_down_sys host_down_sys = {
	.print = host_log_line,
	.panic = host_die,
	.booted = sys_booted,
	.request_done = sys_request_done,
	.halt = sys_halt,
};
