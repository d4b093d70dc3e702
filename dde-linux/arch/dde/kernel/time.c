// SPDX-License-Identifier: GPL-2.0-only
/* Time: the host's monotonic clock, its wall clock, one timer per CPU. */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include "internal.h"

unsigned long long notrace sched_clock(void)
{
	return dde_down->time->mono();
}

static u64 clock_read(struct clocksource *cs)
{
	return dde_down->time->mono();
}

static struct clocksource host_clock = {
	.name = "host",
	.rating = 400,
	.read = clock_read,
	.mask = CLOCKSOURCE_MASK(64),
	.flags = CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
};

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(dde_down->time->wall());
}

static DEFINE_PER_CPU(struct clock_event_device, host_timer);

static int timer_next_event(unsigned long delta, struct clock_event_device *timer)
{
	u64 deadline = dde_down->time->mono() + delta;

	dde_call_void(time->timer_set(raw_smp_processor_id(), deadline));
	return 0;
}

static int timer_stop(struct clock_event_device *timer)
{
	dde_call_void(time->timer_set(raw_smp_processor_id(), U64_MAX));
	return 0;
}

/* One count is one nanosecond. */
void dde_timer_init_cpu(void)
{
	struct clock_event_device *timer = this_cpu_ptr(&host_timer);

	timer->name = "host";
	timer->rating = 400;
	timer->features = CLOCK_EVT_FEAT_ONESHOT;
	timer->set_next_event = timer_next_event;
	timer->set_state_shutdown = timer_stop;
	timer->set_state_oneshot_stopped = timer_stop;
	timer->cpumask = cpumask_of(smp_processor_id());
	clockevents_config_and_register(timer, NSEC_PER_SEC, 1000, LONG_MAX);
}

void dde_timer_interrupt(void)
{
	struct clock_event_device *timer = this_cpu_ptr(&host_timer);

	if (timer->event_handler)
		timer->event_handler(timer);
}

void __init time_init(void)
{
	clocksource_register_hz(&host_clock, NSEC_PER_SEC);
	dde_timer_init_cpu();
}

/*
 * Busy waiting; interrupts are taken if they are on.  What the driver wrote
 * before must reach the device before the wait begins.
 */
void __ndelay(unsigned long nsecs)
{
	u64 start;

	if (dde_down->pci)
		dde_call_void(pci->mmio_flush());
	start = dde_down->time->mono();

	while (dde_down->time->mono() - start < nsecs)
		cpu_relax();
}
EXPORT_SYMBOL(__ndelay);

void __udelay(unsigned long usecs)
{
	__ndelay(usecs * NSEC_PER_USEC);
}
EXPORT_SYMBOL(__udelay);

/* xloops: microseconds * 2^32 / 10^6, that is seconds in units of 2^-32. */
void __const_udelay(unsigned long xloops)
{
	__ndelay(mul_u64_u64_shr(xloops, NSEC_PER_SEC, 32));
}
EXPORT_SYMBOL(__const_udelay);

void __delay(unsigned long loops)
{
	__ndelay(loops);
}
EXPORT_SYMBOL(__delay);
