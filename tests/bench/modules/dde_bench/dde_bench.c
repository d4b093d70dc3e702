// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the cost of basic operations of the kernel.  Builds for any kernel of the version;
 * measures at load and prints lines "dde_bench: NAME VALUE UNIT".
 *
 * Times are medians of rounds, to reduce the effect of other load.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/sort.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

static unsigned int loops = 100000;
module_param(loops, uint, 0444);
MODULE_PARM_DESC(loops, "operations per round");

static unsigned int sleeps = 1000;
module_param(sleeps, uint, 0444);
MODULE_PARM_DESC(sleeps, "samples of sleeps and timers (at most 10000)");

#define ROUNDS 9
#define MAX_SAMPLES 10000

/* ---- figures ---------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void print_value(const char *name, u64 value_ps)
{
	pr_info("dde_bench: %s %llu.%03llu ns\n", name, value_ps / 1000, value_ps % 1000);
}

/* Prints the median round, per operation. */
static void measure(const char *name, void (*run)(unsigned int n), unsigned int n)
{
	u64 took[ROUNDS], start;
	int i;

	run(n / 10 + 1);
	for (i = 0; i < ROUNDS; i++) {
		start = ktime_get_ns();
		run(n);
		took[i] = ktime_get_ns() - start;
		cond_resched();
	}
	sort(took, ROUNDS, sizeof(took[0]), by_value, NULL);
	print_value(name, div_u64(took[ROUNDS / 2] * 1000, n));
}

static void percentiles(const char *name, u64 *sample, unsigned int n)
{
	sort(sample, n, sizeof(*sample), by_value, NULL);
	pr_info("dde_bench: %s_p50 %llu ns\n", name, sample[n / 2]);
	pr_info("dde_bench: %s_p99 %llu ns\n", name, sample[n - 1 - n / 100]);
	pr_info("dde_bench: %s_max %llu ns\n", name, sample[n - 1]);
}

/* ---- locks and memory --------------------------------------------------------- */

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(mutex);
static atomic_t counter;

static void run_spin(unsigned int n)
{
	while (n--) {
		spin_lock(&spin);
		barrier();
		spin_unlock(&spin);
	}
}

static void run_spin_irqsave(unsigned int n)
{
	unsigned long flags;

	while (n--) {
		spin_lock_irqsave(&spin, flags);
		barrier();
		spin_unlock_irqrestore(&spin, flags);
	}
}

static void run_mutex(unsigned int n)
{
	while (n--) {
		mutex_lock(&mutex);
		mutex_unlock(&mutex);
	}
}

static void run_atomic(unsigned int n)
{
	while (n--)
		atomic_inc(&counter);
}

static void run_kmalloc(unsigned int n, size_t size)
{
	void *p;

	while (n--) {
		p = kmalloc(size, GFP_KERNEL);
		barrier_data(p);
		kfree(p);
	}
}

static void run_kmalloc_64(unsigned int n)
{
	run_kmalloc(n, 64);
}

static void run_kmalloc_2048(unsigned int n)
{
	run_kmalloc(n, 2048);
}

static void run_page(unsigned int n)
{
	unsigned long page;

	while (n--) {
		page = __get_free_page(GFP_KERNEL);
		barrier_data((void *)page);
		free_page(page);
	}
}

static void run_clock(unsigned int n)
{
	while (n--)
		ktime_get_ns();
}

/* ---- switching threads --------------------------------------------------------- */

/* Two threads: each waits for its turn and passes it to the other. */
static struct pingpong {
	wait_queue_head_t queue[2];
	unsigned int turn;
	unsigned int left;
} table;

static void play(unsigned int me)
{
	while (READ_ONCE(table.left)) {
		wait_event(table.queue[me], READ_ONCE(table.turn) == me || !READ_ONCE(table.left));
		if (!READ_ONCE(table.left))
			break;
		WRITE_ONCE(table.left, table.left - 1);
		WRITE_ONCE(table.turn, !me);
		wake_up(&table.queue[!me]);
	}
	wake_up(&table.queue[!me]);
}

static int partner(void *unused)
{
	play(1);
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static void play_with(struct task_struct *other, unsigned int n)
{
	table.turn = 0;
	table.left = n;
	wake_up_process(other);
	play(0);
	kthread_stop(other);
}

static void run_switch(unsigned int n)
{
	struct task_struct *other = kthread_create(partner, NULL, "bench-partner");

	if (IS_ERR(other))
		return;
	kthread_bind(other, raw_smp_processor_id());
	play_with(other, n);
}

#ifdef CONFIG_SMP
static void run_switch_other_cpu(unsigned int n)
{
	struct task_struct *other = kthread_create(partner, NULL, "bench-partner");

	if (IS_ERR(other))
		return;
	kthread_bind(other, cpumask_any_but(cpu_online_mask, raw_smp_processor_id()));
	play_with(other, n);
}
#endif

static int nothing(void *unused)
{
	return 0;
}

static void run_kthread(unsigned int n)
{
	struct task_struct *t;

	while (n--) {
		t = kthread_run(nothing, NULL, "bench-nothing");
		if (!IS_ERR(t))
			kthread_stop(t);
	}
}

/* ---- deferred work --------------------------------------------------------------- */

static DECLARE_COMPLETION(ran);

static void run_in_tasklet(struct tasklet_struct *t)
{
	complete(&ran);
}
static DECLARE_TASKLET(tasklet, run_in_tasklet);

static void run_softirq(unsigned int n)
{
	while (n--) {
		tasklet_schedule(&tasklet);
		wait_for_completion(&ran);
	}
}

static void run_in_work(struct work_struct *w)
{
	complete(&ran);
}
static DECLARE_WORK(work, run_in_work);

static void run_work(unsigned int n)
{
	while (n--) {
		schedule_work(&work);
		wait_for_completion(&ran);
	}
}

static void run_in_irq(struct irq_work *w)
{
	atomic_inc(&counter);
}
static struct irq_work self_interrupt = IRQ_WORK_INIT_HARD(run_in_irq);

static void run_irq_work(unsigned int n)
{
	while (n--) {
		irq_work_queue(&self_interrupt);
		irq_work_sync(&self_interrupt);
	}
}

#ifdef CONFIG_SMP
static void called(void *unused)
{
}

static void run_call(unsigned int n)
{
	int cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());

	while (n--)
		smp_call_function_single(cpu, called, NULL, 1);
}
#endif

/* ---- time -------------------------------------------------------------------------- */

static u64 *samples;

/* How much too long sleeps are. */
static void sleep_error(const char *name, unsigned int usecs)
{
	unsigned int i;
	u64 start;

	for (i = 0; i < sleeps; i++) {
		start = ktime_get_ns();
		usleep_range(usecs, usecs);
		samples[i] = ktime_get_ns() - start - usecs * 1000ull;
	}
	percentiles(name, samples, sleeps);
}

struct bell {
	struct hrtimer timer;
	u64 late;
};

static enum hrtimer_restart ring(struct hrtimer *timer)
{
	struct bell *b = container_of(timer, struct bell, timer);

	b->late = ktime_get_ns() - ktime_to_ns(hrtimer_get_expires(timer));
	complete(&ran);
	return HRTIMER_NORESTART;
}

/* Time from the moment when a timer interrupt is due, on an idle CPU, to its handler. */
static void interrupt_latency(void)
{
	struct bell b;
	unsigned int i;

	hrtimer_init_on_stack(&b.timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	b.timer.function = ring;
	for (i = 0; i < sleeps; i++) {
		hrtimer_start(&b.timer, ktime_add_us(ktime_get(), 300), HRTIMER_MODE_ABS_HARD);
		wait_for_completion(&ran);
		samples[i] = b.late;
	}
	destroy_hrtimer_on_stack(&b.timer);
	percentiles("timer_irq_to_handler", samples, sleeps);
}

static DECLARE_COMPLETION(finished);

/* ---- all measurements ----------------------------------------------------------------- */

static int measure_all(void *unused)
{
	measure("clock_read", run_clock, loops);
	measure("atomic_inc", run_atomic, loops);
	measure("spin_lock", run_spin, loops);
	measure("spin_lock_irqsave", run_spin_irqsave, loops);
	measure("mutex", run_mutex, loops);
	measure("kmalloc_64", run_kmalloc_64, loops);
	measure("kmalloc_2048", run_kmalloc_2048, loops);
	measure("page_alloc", run_page, loops);
	measure("context_switch", run_switch, loops);
	measure("kthread_create", run_kthread, loops / 100 + 1);
	measure("irq_work_round_trip", run_irq_work, loops / 10 + 1);
	measure("softirq_round_trip", run_softirq, loops / 10 + 1);
	measure("workqueue_round_trip", run_work, loops / 10 + 1);
#ifdef CONFIG_SMP
	if (num_online_cpus() > 1) {
		measure("context_switch_other_cpu", run_switch_other_cpu, loops / 10 + 1);
		measure("call_other_cpu", run_call, loops / 10 + 1);
	}
#endif
	sleep_error("usleep_100us_error", 100);
	sleep_error("usleep_1000us_error", 1000);
	interrupt_latency();
	kthread_complete_and_exit(&finished, 0);
}

/* Measures on the first CPU, whichever CPU loads the module. */
static int __init dde_bench_init(void)
{
	struct task_struct *t;

	if (!loops || !sleeps || sleeps > MAX_SAMPLES)
		return -EINVAL;
	init_waitqueue_head(&table.queue[0]);
	init_waitqueue_head(&table.queue[1]);
	samples = kmalloc_array(sleeps, sizeof(*samples), GFP_KERNEL);
	if (!samples)
		return -ENOMEM;
	t = kthread_create(measure_all, NULL, "dde_bench");
	if (!IS_ERR(t)) {
		kthread_bind(t, cpumask_first(cpu_online_mask));
		wake_up_process(t);
		wait_for_completion(&finished);
	}
	kfree(samples);
	return PTR_ERR_OR_ZERO(t);
}
module_init(dde_bench_init);

static void __exit dde_bench_exit(void)
{
}
module_exit(dde_bench_exit);

MODULE_DESCRIPTION("Measures basic operations of the kernel");
MODULE_LICENSE("GPL");
