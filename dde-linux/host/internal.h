/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the host half; nobody else includes it. */
#ifndef DDE_HOST_INTERNAL_H
#define DDE_HOST_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include "dde_host.h"

#define HOST_MAX_CPUS 8
#define TICK_NS 1000000L	/* how late a busy CPU may notice time and fds */

struct host_cpu {
	pthread_t thread;
	pid_t tid;
	int kick_fd;			/* eventfd, ends idle_wait() */
	timer_t tick;
	_Atomic uint64_t deadline;	/* of the clock event, UINT64_MAX: none */
	_Atomic int sleeping;		/* in idle_wait() */
	volatile int in_device;		/* in a call that may hold the device's lock */
	void (*entry)(uint32_t cpu);	/* of CPUs other than 0 */
};

struct host {
	struct dde_host_config config;
	const struct dde_up *up;
	struct host_cpu cpu[HOST_MAX_CPUS];
	unsigned int nr_cpus;		/* started */
	int epoll_fd;			/* what CPU 0 waits for */
	struct dde_boot boot;
	struct ddekit_pool pool;
	uint64_t runtime_base, runtime_end;
	struct dde_host_stats stats;
};

extern struct host host;

/* In epoll_event.data.u32: a hwirq, or one of these. */
enum { EVENT_KICK = 1 << 16, EVENT_SERVICE };

/* cpu.c */
extern const struct dde_down_cpu host_down_cpu;
extern const struct dde_down_time host_down_time;
int host_cpu_start(unsigned int cpu);
/* Any thread: raises hwirq and wakes its CPU if that is another thread. */
void host_raise(uint32_t hwirq);
uint64_t host_mono(void);
/* Brackets a call that may take the device's lock: the tick keeps away. */
void host_device_enter(void);
void host_device_leave(void);

/* event.c */
int host_events_init(void);
int host_event_add(int fd, uint32_t events, uint32_t token);
void host_event_del(int fd);
/* CPU 0: waits until deadline (UINT64_MAX: for ever; 0: not at all) and raises
 * what came. mask: as epoll_pwait2(). Return: events, or negative errno. */
int host_events_wait(uint64_t deadline, const sigset_t *mask);

/* pci.c */
extern const struct dde_down_pci host_down_pci;
/* The device's service fd is readable. */
void host_pci_service(void);

/* mem.c */
extern const struct dde_down_mem host_down_mem;
int host_mem_init(void);

/* sys.c */
extern const struct dde_down_sys host_down_sys;
extern const struct dde_down_file host_down_file;
void host_log(unsigned int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The end: reports reason, then aborts. */
void host_die(const char *reason) __attribute__((noreturn));

/* crash.c */
/* Once per process: report faults of the runtime and of plugins. */
int host_crash_init(void);
/* On each CPU thread: an alternate stack for the report. */
int host_crash_init_thread(void);

#endif
