// SPDX-License-Identifier: GPL-2.0-only
/* Clocks are the host's; each CPU has a clock event device. */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/hrtimer.h>
#include <linux/hrtimer_bases.h>
#include <linux/nmi.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include "kernel.h"

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

/*
 * In the control thread.  An interrupt between reading the host's clock and setting
 * the kernel's makes them differ: try again.
 */
s64 dde_clock_set(void *arg)
{
	struct timespec64 ts;
	int tries;

	for (tries = 0; tries < 4; tries++) {
		ts = ns_to_timespec64(dde_down->time->wall());
		if (!timespec64_valid_settod(&ts) || do_settimeofday64(&ts))
			break;
		if (abs((s64)(ktime_get_real_ns() - dde_down->time->wall())) < 20 * NSEC_PER_USEC)
			return 0;
	}
	pr_warn("the host's wall clock was set; it could not be followed closely\n");
	return 0;
}

static DEFINE_PER_CPU(struct clock_event_device, host_timer);
static DEFINE_PER_CPU(u64, timer_deadline) = U64_MAX; /* U64_MAX: not armed */
static DEFINE_PER_CPU(u64, overslept);                /* nanoseconds, to be logged; 0: in time */

DECLARE_PER_CPU(struct hrtimer_cpu_base, hrtimer_bases);

/*
 * The kernel arms a sleep of min to max with max, so that it can end together with
 * another; an idle CPU would always sleep until max.  That saves nothing here, and
 * drivers' resets consist of such sleeps: end them at min.
 *
 * Return: max - min of the high-resolution timer that is being armed.
 */
static u64 slack_of_next(void)
{
	const struct hrtimer_cpu_base *cpu_base = this_cpu_ptr(&hrtimer_bases);
	const struct hrtimer *next = cpu_base->next_timer;

	if (!cpu_base->hres_active || !next ||
	    ktime_sub(hrtimer_get_expires(next), next->base->offset) != cpu_base->expires_next)
		return 0;
	return ktime_sub(hrtimer_get_expires(next), hrtimer_get_softexpires(next));
}

/*
 * If a timer interrupt is a second late, the process did not run.  The stall and
 * lockup detectors must not blame anyone for that time.
 */
static void check_lateness(u64 now)
{
	u64 deadline = __this_cpu_read(timer_deadline);

	if (likely(now < deadline || now - deadline < NSEC_PER_SEC))
		return;
	rcu_cpu_stall_reset();
	touch_all_softlockup_watchdogs();
	__this_cpu_write(overslept, now - deadline);
}

static int timer_next_event(unsigned long delta, struct clock_event_device *timer)
{
	u64 now = dde_down->time->mono(), slack = slack_of_next();
	u64 deadline = now + delta - min_t(u64, slack, delta);

	check_lateness(now);
	__this_cpu_write(timer_deadline, deadline);
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

static void timer_interrupt(void)
{
	struct clock_event_device *timer = this_cpu_ptr(&host_timer);

	check_lateness(dde_down->time->mono());
	__this_cpu_write(timer_deadline, U64_MAX);
	if (unlikely(__this_cpu_read(overslept))) {
		pr_info("the host did not run this CPU for %llu ms\n",
			div_u64(__this_cpu_read(overslept), NSEC_PER_MSEC));
		__this_cpu_write(overslept, 0);
	}
	if (timer->event_handler)
		timer->event_handler(timer);
}

void __init time_init(void)
{
	clocksource_register_hz(&host_clock, NSEC_PER_SEC);
	dde_irq_set_handler(DDE_HWIRQ_TIMER, timer_interrupt);
	dde_timer_init_cpu();
}
