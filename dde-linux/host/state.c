/* SPDX-License-Identifier: GPL-2.0-only */
/* State shared by the files of the host half; which CPU a thread is; counters. */
#include "internal.h"

struct host host;
_Thread_local int host_this_cpu = -1;
_Thread_local struct dde_host_stats *host_count = &host.stats;

void host_device_enter(void)
{
	if (host_this_cpu >= 0)
		host.cpu[host_this_cpu].in_device++;
}

void host_device_leave(void)
{
	if (host_this_cpu >= 0)
		host.cpu[host_this_cpu].in_device--;
}

const struct dde_up *dde_host_up(void)
{
	return host.up;
}

void dde_host_count_syscalls(unsigned int n)
{
	host_count->syscalls += n;
}

void dde_host_stats(struct dde_host_stats *ret)
{
	unsigned int cpu;

	*ret = host.stats;
	for (cpu = 0; cpu < HOST_MAX_CPUS; cpu++) {
		const struct dde_host_stats *s = &host.cpu[cpu].stats;

		ret->irqs += s->irqs;
		ret->ticks += s->ticks;
		ret->idle_waits += s->idle_waits;
		ret->syscalls += s->syscalls;
	}
}
