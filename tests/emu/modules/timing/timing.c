// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures time in the runtime, on each CPU: sleeps, ticks of a busy CPU, and the wall clock.
 * Its log lines begin with "timing: "; tests parse them.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/sort.h>
#include <linux/workqueue.h>

#define POKES 30

static uint sleeps = 200;
module_param(sleeps, uint, 0444);
MODULE_PARM_DESC(sleeps, "how often each sleep is measured");

static uint busy_ms = 300;
module_param(busy_ms, uint, 0444);
MODULE_PARM_DESC(busy_ms, "how long each kind of busy loop runs");

static uint wall_seconds;
module_param(wall_seconds, uint, 0444);
MODULE_PARM_DESC(wall_seconds, "how long to wait for a step of the wall clock");

static int panic_cpu_nr = -1;
module_param(panic_cpu_nr, int, 0444);
MODULE_PARM_DESC(panic_cpu_nr, "panic on this CPU, and nothing else");

/* Variables of which each CPU must have its own copy, initialised like this. */
static DEFINE_PER_CPU(u64, mine) = 0x1234567890abcdefull;
static DEFINE_PER_CPU(u32, visits);

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static DECLARE_COMPLETION(poked_enough);
static bool poking; /* see poke() */

static void measure_sleep(unsigned int usecs, bool after_pokes)
{
	unsigned int i, n = max(1u, min(sleeps, 200000 / usecs + 1));
	u64 *late = kmalloc_array(n, sizeof(*late), GFP_KERNEL);

	if (!late)
		return;
	for (i = 0; i < n; i++) {
		ktime_t start;

		if (after_pokes) {
			WRITE_ONCE(poking, true);
			wait_for_completion(&poked_enough);
		}
		start = ktime_get();
		usleep_range(usecs, usecs);
		late[i] = ktime_to_ns(ktime_sub(ktime_get(), start)) - usecs * NSEC_PER_USEC;
	}
	sort(late, n, sizeof(*late), compare, NULL);
	pr_info("timing: cpu %d sleep %u us late p50 %llu p90 %llu p99 %llu max %llu ns\n",
		raw_smp_processor_id(), usecs, late[n / 2], late[n * 9 / 10], late[n * 99 / 100],
		late[n - 1]);
	kfree(late);
}

/* Measures the longest time in which jiffies did not change. */
static void measure_ticks(const char *what, bool resched)
{
	u64 start = ktime_get_ns(), end = start + (u64)busy_ms * NSEC_PER_MSEC;
	u64 now, seen = start, longest = 0;
	unsigned long last = jiffies, first = last;

	do {
		if (resched)
			cond_resched();
		now = ktime_get_ns();
		if (READ_ONCE(jiffies) == last)
			continue;
		longest = max(longest, now - seen);
		seen = now;
		last = READ_ONCE(jiffies);
	} while (now < end);
	pr_info("timing: cpu %d %s loop %llu us: %lu ticks, longest without %llu us\n",
		raw_smp_processor_id(), what, div_u64(now - start, NSEC_PER_USEC), last - first,
		div_u64(max(longest, now - seen), NSEC_PER_USEC));
}

static void check_percpu(int cpu)
{
	u64 value = this_cpu_read(mine);

	this_cpu_write(mine, cpu);
	this_cpu_inc(visits);
	pr_info("timing: cpu %d per-CPU variable %s\n", cpu,
		value == 0x1234567890abcdefull ? "good" : "WRONG");
}

static long measure(void *unused)
{
	check_percpu(raw_smp_processor_id());
	measure_sleep(20, false);
	measure_sleep(100, false);
	measure_sleep(1000, false);
	measure_sleep(10000, false);
	measure_ticks("busy", false);
	measure_ticks("cond_resched", true);
	return 0;
}

/* ---- sleeps after many wake-ups: an idle CPU then uses another timer -------------------- */

static void poked(void *unused)
{
}

/* Runs on another CPU: interrupts the measured CPU on request. */
static int poke(void *arg)
{
	int i, cpu = (long)arg;

	while (!kthread_should_stop()) {
		usleep_range(30, 30);
		if (!READ_ONCE(poking))
			continue;
		WRITE_ONCE(poking, false);
		for (i = 0; i < POKES; i++) {
			smp_call_function_single(cpu, poked, NULL, true);
			usleep_range(30, 30);
		}
		complete(&poked_enough);
	}
	return 0;
}

static long measure_after_pokes(void *unused)
{
	static const unsigned int usecs[] = { 50, 300, 3000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(usecs); i++)
		measure_sleep(usecs[i], true);
	return 0;
}

static void measure_poked(unsigned int cpu)
{
	unsigned int other = cpumask_any_but(cpu_online_mask, cpu);
	struct task_struct *poker;

	if (other >= nr_cpu_ids)
		return;
	poker = kthread_run_on_cpu(poke, (void *)(long)cpu, other, "poker/%u");
	if (IS_ERR(poker))
		return;
	work_on_cpu(cpu, measure_after_pokes, NULL);
	kthread_stop(poker);
}

static long panic_here(void *unused)
{
	panic("timing: requested on CPU %d", raw_smp_processor_id());
}

static void check_all_percpu(void)
{
	unsigned int cpu, bad = 0, sum = 0;

	for_each_online_cpu(cpu) {
		bad += per_cpu(mine, cpu) != cpu;
		sum += per_cpu(visits, cpu);
	}
	pr_info("timing: per-CPU variables of %u CPUs %s\n", num_online_cpus(),
		!bad && sum == num_online_cpus() ? "good" : "WRONG");
}

/* In a thread of its own: the load is a request, and requests run one after another. */
static int wait_for_step(void *unused)
{
	ktime_t mono = ktime_get(), end = ktime_add_ms(mono, wall_seconds * MSEC_PER_SEC);
	s64 offset = ktime_get_real_ns() - ktime_get_ns(), now;

	pr_info("timing: waiting for a step of the wall clock\n");
	do {
		usleep_range(500, 500);
		now = ktime_get_real_ns() - ktime_get_ns();
		if (ktime_before(ktime_get(), mono))
			pr_info("timing: the monotonic clock went BACK\n");
		mono = ktime_get();
		if (abs(now - offset) > NSEC_PER_SEC) {
			pr_info("timing: the wall clock made a step of %lld ms\n",
				div_s64(now - offset, NSEC_PER_MSEC));
			return 0;
		}
	} while (ktime_before(mono, end) && !kthread_should_stop());
	pr_info("timing: the wall clock made NO step\n");
	return 0;
}

static struct task_struct *waiter;

static int __init timing_init(void)
{
	unsigned int cpu;

	if (panic_cpu_nr >= 0 && cpu_online(panic_cpu_nr))
		work_on_cpu(panic_cpu_nr, panic_here, NULL);
	for_each_online_cpu(cpu)
		work_on_cpu(cpu, measure, NULL);
	for_each_online_cpu(cpu)
		measure_poked(cpu);
	check_all_percpu();
	if (!wall_seconds)
		return 0;
	waiter = kthread_run(wait_for_step, NULL, "timing");
	if (IS_ERR(waiter))
		return PTR_ERR(waiter);
	get_task_struct(waiter);
	return 0;
}

static void __exit timing_exit(void)
{
	if (!waiter)
		return;
	kthread_stop(waiter);
	put_task_struct(waiter);
}

module_init(timing_init);
module_exit(timing_exit);
MODULE_DESCRIPTION("Measures time (for tests)");
MODULE_LICENSE("GPL");
