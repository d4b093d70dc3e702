/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU waits for: the fds of the interrupts that it takes (the device's vectors,
 * bridges), kicks, and others that have a function.  All are edge-triggered, so nothing
 * has to be read or re-armed.
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include "internal.h"

#define EVENTS_AT_ONCE 32

/* The fd behind an interrupt input, and the CPU that takes the interrupt. */
static struct source {
	struct host_watch watch;
	int fd_plus_1; /* 0: none */
	uint32_t events;
	uint32_t cpu;
} source[DDE_HWIRQ_COUNT];
static pthread_mutex_t sources = PTHREAD_MUTEX_INITIALIZER;

static _Atomic uint32_t soft_used; /* soft interrupts allocated */

static int epoll_change(unsigned int cpu, int op, int fd, uint32_t events, struct host_watch *watch)
{
	struct epoll_event e = { .events = events, .data.ptr = watch };

	return epoll_ctl(host.cpu[cpu].epoll_fd, op, fd, &e) < 0 ? -errno : 0;
}

int host_events_init(unsigned int cpu)
{
	struct host_cpu *c = &host.cpu[cpu];

	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return c->epoll_fd < 0 ? -errno : 0;
}

int host_event_watch(unsigned int cpu, int fd, uint32_t events, struct host_watch *watch)
{
	return epoll_change(cpu, EPOLL_CTL_ADD, fd, events, watch);
}

static void raise_source(void *arg)
{
	const struct source *s = arg;

	host_count->irqs++;
	host_raise((uint32_t)(s - source));
}

int host_event_add(int fd, uint32_t events, uint32_t hwirq)
{
	struct source *s = &source[hwirq];
	int err = -EBUSY;

	pthread_mutex_lock(&sources);
	if (!s->fd_plus_1) {
		s->watch = (struct host_watch){ raise_source, s };
		err = epoll_change(s->cpu, EPOLL_CTL_ADD, fd, events, &s->watch);
	}
	if (!err) {
		s->fd_plus_1 = fd + 1;
		s->events = events;
	}
	pthread_mutex_unlock(&sources);
	return err;
}

void host_event_del(int fd)
{
	unsigned int i;

	pthread_mutex_lock(&sources);
	for (i = 0; i < DDE_HWIRQ_COUNT; i++) {
		if (source[i].fd_plus_1 != fd + 1)
			continue;
		epoll_change(source[i].cpu, EPOLL_CTL_DEL, fd, 0, NULL);
		source[i].fd_plus_1 = 0;
	}
	pthread_mutex_unlock(&sources);
}

/* No event is lost: a fd that is readable when it is added counts as having become
 * readable. */
void host_event_move(uint32_t hwirq, uint32_t cpu)
{
	struct source *s = &source[hwirq];
	int err = 0;

	pthread_mutex_lock(&sources);
	if (s->cpu != cpu && s->fd_plus_1) {
		epoll_change(s->cpu, EPOLL_CTL_DEL, s->fd_plus_1 - 1, 0, NULL);
		err = epoll_change(cpu, EPOLL_CTL_ADD, s->fd_plus_1 - 1, s->events, &s->watch);
	}
	s->cpu = cpu;
	pthread_mutex_unlock(&sources);
	if (err)
		host_die("cannot move an interrupt to another CPU");
}

/* As epoll_pwait2(), which Linux has since 5.11, and Valgrind does not have. */
static int wait_events(int epoll_fd, struct epoll_event *ev, const struct timespec *timeout,
		       const sigset_t *mask)
{
	static bool missing;
	struct pollfd p = { .fd = epoll_fd, .events = POLLIN };
	int n = -1;

	host_count->syscalls++;
	if (!missing)
		n = epoll_pwait2(epoll_fd, ev, EVENTS_AT_ONCE, timeout, mask);
	if (n >= 0 || (!missing && errno != ENOSYS))
		return n;
	missing = true;
	host_count->syscalls++;
	n = ppoll(&p, 1, timeout, mask);
	return n > 0 ? epoll_wait(epoll_fd, ev, EVENTS_AT_ONCE, 0) : n;
}

int host_events_wait(unsigned int cpu, uint64_t ns, const sigset_t *mask)
{
	struct epoll_event ev[EVENTS_AT_ONCE];
	struct timespec ts = {
		.tv_sec = (time_t)(ns / 1000000000u),
		.tv_nsec = (long)(ns % 1000000000u),
	};
	const struct host_watch *w;
	int i, n;

	n = wait_events(host.cpu[cpu].epoll_fd, ev, ns == UINT64_MAX ? NULL : &ts, mask);
	for (i = 0; i < n; i++) {
		w = ev[i].data.ptr;
		w->fn(w->arg);
	}
	return n < 0 ? -errno : n;
}

int dde_host_irq_alloc(uint32_t *ret_hwirq)
{
	uint32_t n = atomic_fetch_add(&soft_used, 1);

	if (DDE_HWIRQ_SOFT + n >= DDE_HWIRQ_LINE)
		return -ENOSPC;
	*ret_hwirq = DDE_HWIRQ_SOFT + n;
	return 0;
}

int dde_host_watch(int fd, uint32_t hwirq)
{
	return host_event_add(fd, EPOLLIN | EPOLLET, hwirq);
}

void dde_host_unwatch(int fd)
{
	host_event_del(fd);
}
