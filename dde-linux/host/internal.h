/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the host half; no other file includes it. */
#ifndef DDE_HOST_INTERNAL_H
#define DDE_HOST_INTERNAL_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include "dde_host.h"

#define HOST_MAX_CPUS 8
#define SIG_TICK SIGURG
#define TICK_NS 1000000L     /* a busy CPU may notice time and fds so late */
#define STALL_NS 1000000000u /* a timer later than this: the process did not run */
#define GRACE_NS 20000000u   /* after that, devices come first for so long */

/* Called when a fd becomes ready, on the thread of the CPU that watches it; must not
 * block. */
struct host_watch {
	void (*fn)(void *arg);
	void *arg;
};

struct host_cpu {
	pthread_t thread;
	pid_t tid;
	int kick_fd; /* eventfd, ends idle_wait() */
	timer_t tick;
	_Atomic uint64_t deadline;   /* of the clock event, UINT64_MAX: none */
	_Atomic int sleeping;        /* in idle_wait() */
	int epoll_fd;                /* the fds it waits for */
	int guard_fd;                /* timerfd, see guarded() */
	uint64_t guard;              /* when that expires; 0: not set */
	unsigned int cut_short;      /* recent sleeps that something other than time ended */
	struct dde_host_stats stats; /* its own counts */
	volatile int in_device;      /* in a call that may hold the device's lock */
	unsigned int faults;         /* being handled, nested */
	void (*entry)(uint32_t cpu); /* what its thread runs */
	struct host_watch kick_watch, guard_watch;
};

struct host {
	struct dde_host_config config;
	const struct dde_up *up;
	struct host_cpu cpu[HOST_MAX_CPUS];
	unsigned int nr_cpus; /* started */
	struct dde_boot boot;
	struct ddekit_pool pool;
	uint64_t vmap_size;
	uint64_t runtime_base, runtime_end;
	_Atomic uint64_t grace_until; /* no timer interrupt before, see timer_check() */
	struct dde_host_stats stats;  /* counts of threads other than CPUs */
};

/* state.c */
extern struct host host;

/* The CPU that the calling thread is; -1: none. */
extern _Thread_local int host_this_cpu;

/* The counters of the calling thread; dde_host_stats() adds them up. */
extern _Thread_local struct dde_host_stats *host_count;

/* Around a call that may take the device's lock, which the tick then must not take. */
void host_device_enter(void);
void host_device_leave(void);

/* log.c */
/* Main thread, before all others. events: never freed. */
void host_log_init(const struct dde_host_events *events);
/* For dde_down_sys.print. */
void host_log_line(uint32_t level, const char *text, uint32_t len);
/* Any thread, async-signal-safe as far as events->log is; does not block. */
void host_log(unsigned int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Any thread: allocates the message about a failure. ret_why may be NULL. */
void host_why(char **ret_why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Any thread: reports reason to the owner, then aborts. */
void host_die(const char *reason) __attribute__((noreturn));

/* raise.c */
/* Any thread; does not block. Raises hwirq and wakes its CPU if that is another thread. */
void host_raise(uint32_t hwirq);
/* For dde_down_cpu.kick. Any thread; does not block. */
void host_kick(uint32_t cpu);

/* event.c */
/* Before the thread of cpu runs. Return: 0, negative errno. */
int host_events_init(unsigned int cpu);
/* Any thread. cpu watches a fd from now on; watch must never be freed. */
int host_event_watch(unsigned int cpu, int fd, uint32_t events, struct host_watch *watch);
/* Any thread. The CPU that takes hwirq watches fd, and raises hwirq. Return: 0, -EBUSY,
 * -errno of epoll_ctl. */
int host_event_add(int fd, uint32_t events, uint32_t hwirq);
/* Any thread. Ends that. */
void host_event_del(int fd);
/* For dde_down_cpu.irq_move. */
void host_event_move(uint32_t hwirq, uint32_t cpu);
/* CPU thread of cpu: waits ns nanoseconds (UINT64_MAX: no limit; 0: not at all)
 * and calls the functions of the fds that are ready. mask: as epoll_pwait2().
 * Return: number of events, negative errno. */
int host_events_wait(unsigned int cpu, uint64_t ns, const sigset_t *mask);

/* cpu.c */
extern const struct dde_down_cpu host_down_cpu;
extern const struct dde_down_time host_down_time;
/* Before the thread of cpu runs: opens its fds; entry is what it will run.
 * Return: 0, negative errno. */
int host_cpu_init(unsigned int cpu, void (*entry)(uint32_t cpu));
/* Starts the thread of cpu. Return: 0, negative errno. */
int host_cpu_start(unsigned int cpu);

/* clock.c */
/* After host_cpu_init(0), before CPU 0 runs. Return: 0, negative errno. */
int host_clock_init(void);
/* CPU thread. Return: whether the request was the clock's own. */
bool host_clock_done(struct dde_request *req);

/* pci.c */
extern const struct dde_down_pci host_down_pci;

/* mem.c */
extern const struct dde_down_mem host_down_mem;
/* Main thread, while files can be opened: decides how large vmalloc space is.
 * Return: 0, -ENOSPC (the host kernel allows too few mappings). */
int host_mem_plan(char **ret_why);
/* Reserves that, and populates the memory that each boot writes. Return: 0, -errno. */
int host_mem_init(void);

/* sys.c */
extern const struct dde_down_sys host_down_sys;

/* firmware.c */
/* For dde_down_file.firmware_read. */
int64_t host_firmware_read(const char *name, void *buf, uint64_t size);

/* modprobe.c */
/* Starts the thread that answers. Return: 0, negative errno. */
int host_modprobe_init(void);
/* For dde_down_file. */
void host_modprobe(struct dde_modprobe *m);
void host_modprobe_done(struct dde_modprobe *m);

/* index.c */
/**
 * host_index_find - the plugins that make a module
 * @name:    a module's name or alias, with - for _ or not
 * @ret:     file names in the plugin folder, in load order; freed by free() of
 *           each, moved to the caller
 * Return: how many, -ENOENT (no such module), -E2BIG (more than @max), -ENOMEM,
 * -EBADMSG (the index is not what mkplugin makes), -errno of opening the index.
 */
int host_index_find(const char *dir, const char *name, char **ret, int max);

/* crash.c */
/* Once per process: sets the handlers for faults, and for dumps by SIGQUIT. */
int host_crash_init(void);
/* Removes the signals that a CPU thread never blocks from mask. */
void host_crash_signals(sigset_t *mask);
/* On each CPU thread: allocates an alternate stack for the reports. */
int host_crash_init_thread(void);

#endif
