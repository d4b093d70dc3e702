/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual CPUs: one host thread each.  An idle CPU sleeps in one system call, which
 * waits for file descriptors, a kick and its deadline.
 *
 * A busy CPU must notice time and fds too: a POSIX timer of 1 kHz signals the CPU's
 * own thread.  While the CPU is idle that signal is blocked.  The host kernel re-arms
 * a periodic timer only when its signal is delivered, so the timer stops by itself,
 * costs an idle CPU nothing, and no system call arms or disarms it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sched.h>
#include <ucontext.h>
#include <unistd.h>
#include "internal.h"

#define GUARD_AFTER 8 /* sleeps, see has_guard_timer() */

static sigset_t idle_mask;

static uint64_t time_mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t time_wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void timer_set_deadline(uint32_t cpu, uint64_t deadline)
{
	atomic_store_explicit(&host.cpu[cpu].deadline, deadline, memory_order_relaxed);
}

const struct dde_down_time host_down_time = {
	.mono = time_mono,
	.wall = time_wall,
	.timer_set = timer_set_deadline,
};

/* When the CPU's timer interrupt is due; UINT64_MAX: never. */
static uint64_t timer_due(const struct host_cpu *c)
{
	uint64_t deadline = atomic_load_explicit(&c->deadline, memory_order_relaxed);
	uint64_t grace = atomic_load_explicit(&host.grace_until, memory_order_relaxed);

	return deadline > grace ? deadline : grace;
}

/*
 * Raises the timer interrupt if it is due. CPU thread of cpu.
 *
 * When the process was stopped for a while (SIGSTOP, a debugger, the whole machine), all
 * timeouts expire at once, although what they wait for may have arrived unnoticed.  So
 * devices come first, for GRACE_NS.
 *
 * Return: nanoseconds until it is due; 0: it is raised; UINT64_MAX: never.
 */
static uint64_t timer_check(uint32_t cpu)
{
	struct host_cpu *c = &host.cpu[cpu];
	uint64_t due = timer_due(c), now;

	if (due == UINT64_MAX)
		return UINT64_MAX;
	now = time_mono();
	if (due > now)
		return due - now;
	if (now - due > STALL_NS) {
		atomic_store_explicit(&host.grace_until, now + GRACE_NS, memory_order_relaxed);
		return GRACE_NS;
	}
	atomic_store_explicit(&c->deadline, UINT64_MAX, memory_order_relaxed);
	host.up->irq->raise_cpu(cpu, DDE_HWIRQ_TIMER);
	return 0;
}

static void on_tick(int sig, siginfo_t *si, void *context)
{
	const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	int saved = errno, cpu = host_this_cpu;

	/* A CPU that is about to sleep checks by itself. */
	if (cpu < 0 || atomic_load_explicit(&host.cpu[cpu].sleeping, memory_order_relaxed))
		return;
	host_count->ticks++;
	timer_check((uint32_t)cpu);
	if (!host.cpu[cpu].in_device) {
		if (host.config.pci)
			ddekit_pci_flush(host.config.pci);
		host_events_wait((unsigned int)cpu, 0, NULL);
	}
	host.up->irq->enter((uint32_t)cpu, (uint64_t)r[REG_RIP], (uint64_t)r[REG_RBP]);
	errno = saved;
}

/*
 * Setting and cancelling a timeout for each sleep is mostly wasted: packets and requests
 * arrive earlier.  So a CPU whose sleeps are cut short arms a timer, the guard, leaves it
 * armed until it expires, and sleeps without a timeout as long as the guard expires in
 * time.  If it expires too early, because the deadline has changed, the CPU wakes once
 * for nothing.
 *
 * CPU thread of c. While the guard is set it has not expired: no need to read the clock.
 */
static bool has_guard_timer(const struct host_cpu *c)
{
	return c->guard && c->guard <= timer_due(c);
}

static bool guard_set(struct host_cpu *c)
{
	uint64_t due = timer_due(c);
	struct itimerspec at = {
		.it_value.tv_sec = (time_t)(due / 1000000000u),
		.it_value.tv_nsec = (long)(due % 1000000000u),
	};

	host_count->syscalls++;
	if (timerfd_settime(c->guard_fd, TFD_TIMER_ABSTIME, &at, NULL) < 0)
		return false;
	c->guard = due;
	return true;
}

/* The guard has expired. CPU thread of c. */
static void on_guard(void *arg)
{
	struct host_cpu *c = arg;

	c->guard = 0;
	c->cut_short /= 2;
}

/* Return: false: the timer interrupt is raised. */
static bool cpu_sleep(uint32_t cpu)
{
	struct host_cpu *c = &host.cpu[cpu];
	uint64_t wait = has_guard_timer(c) ? UINT64_MAX : timer_check(cpu);
	int n;

	if (!wait)
		return false;
	if (wait != UINT64_MAX && c->cut_short >= GUARD_AFTER && guard_set(c))
		wait = UINT64_MAX;
	n = host_events_wait(cpu, wait, &idle_mask);
	if (!n)
		c->cut_short /= 2;
	else if (n > 0 && c->cut_short < 2 * GUARD_AFTER)
		c->cut_short++;
	return true;
}

static void cpu_idle_wait(uint32_t cpu)
{
	struct host_cpu *c = &host.cpu[cpu];

	c->stats.idle_waits++;
	if (host.config.pci) {
		c->in_device++;
		ddekit_pci_flush(host.config.pci);
		c->in_device--;
	}
	for (;;) {
		atomic_store(&c->sleeping, 1);
		if (*host.up->irq->pending(cpu) || !cpu_sleep(cpu))
			break;
	}
	atomic_store(&c->sleeping, 0);
}

/* A kick only has to end the wait. */
static void on_kick(void *arg)
{
}

static void cpu_yield(void)
{
	sched_yield();
}

static int init_tick(struct host_cpu *c)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIG_TICK };
	struct itimerspec period = {
		.it_value.tv_nsec = TICK_NS,
		.it_interval.tv_nsec = TICK_NS,
	};

	ev._sigev_un._tid = c->tid;
	if (timer_create(CLOCK_MONOTONIC, &ev, &c->tick) < 0)
		return -errno;
	return timer_settime(c->tick, 0, &period, NULL) < 0 ? -errno : 0;
}

/* On each CPU thread: blocks all signals but the tick, faults and SIGPROF. */
static void init_signals(void)
{
	struct sigaction sa = { .sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigset_t set;

	sigaction(SIG_TICK, &sa, NULL);
	sigfillset(&idle_mask);
	host_crash_signals(&idle_mask);
	sigdelset(&idle_mask, SIGPROF);
	set = idle_mask;
	sigdelset(&set, SIG_TICK);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void *cpu_main(void *arg)
{
	unsigned int cpu = (unsigned int)(uintptr_t)arg;
	struct host_cpu *c = &host.cpu[cpu];
	char name[16];
	int err;

	host_this_cpu = (int)cpu;
	host_count = &c->stats;
	c->tid = (pid_t)syscall(SYS_gettid);
	snprintf(name, sizeof(name), "dde-cpu%u", cpu);
	pthread_setname_np(pthread_self(), name);
	prctl(PR_SET_TIMERSLACK, 1);
	err = host_crash_init_thread();
	if (err)
		host_die("cannot set up a CPU thread");
	init_signals();
	err = init_tick(c);
	if (err)
		host_die("cannot create the tick timer");
	c->entry(cpu);
	host_die("a CPU's entry returned");
}

int host_cpu_init(unsigned int cpu, void (*entry)(uint32_t cpu))
{
	struct host_cpu *c = &host.cpu[cpu];
	int err;

	c->entry = entry;
	c->kick_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	c->guard_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (c->kick_fd < 0 || c->guard_fd < 0)
		return -errno;
	atomic_store(&c->deadline, UINT64_MAX);
	err = host_events_init(cpu);
	if (err)
		return err;
	c->guard_watch = (struct host_watch){ on_guard, c };
	c->kick_watch = (struct host_watch){ on_kick, c };
	err = host_event_watch(cpu, c->guard_fd, EPOLLIN | EPOLLET, &c->guard_watch);
	return err ? err : host_event_watch(cpu, c->kick_fd, EPOLLIN | EPOLLET, &c->kick_watch);
}

int host_cpu_start(unsigned int cpu)
{
	struct host_cpu *c = &host.cpu[cpu];
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&c->thread, NULL, cpu_main, (void *)(uintptr_t)cpu);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		host.nr_cpus = cpu + 1;
	return -err;
}

static int32_t cpu_start(uint32_t cpu, void (*entry)(uint32_t cpu))
{
	int err;

	if (cpu == 0 || cpu >= HOST_MAX_CPUS)
		return -EINVAL;
	err = host_cpu_init(cpu, entry);
	return err ? err : host_cpu_start(cpu);
}

const struct dde_down_cpu host_down_cpu = {
	.idle_wait = cpu_idle_wait,
	.kick = host_kick,
	.start = cpu_start,
	.yield = cpu_yield,
	.irq_move = host_event_move,
};
