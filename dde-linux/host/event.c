/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What CPU 0 waits for: the device's vectors, the fds of bridges, kicks.  All
 * of them edge-triggered, so that nothing has to be read or re-armed.
 */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include "internal.h"

#define EVENTS_AT_ONCE 32

static _Atomic uint32_t soft_used;	/* soft interrupts given out */

int host_events_init(void)
{
	host.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return host.epoll_fd < 0 ? -errno : 0;
}

int host_event_add(int fd, uint32_t events, uint32_t token)
{
	struct epoll_event e = { .events = events, .data.u32 = token };

	return epoll_ctl(host.epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

void host_event_del(int fd)
{
	epoll_ctl(host.epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static void dispatch(uint32_t token)
{
	switch (token) {
	case EVENT_KICK:
		break;
	case EVENT_SERVICE:
		host_pci_service();
		break;
	default:
		host.stats.irqs++;
		host_raise(token);
	}
}

/* As epoll_pwait2(), which Linux has from 5.11 on, and Valgrind not at all. */
static int wait_events(struct epoll_event *ev, const struct timespec *timeout,
		       const sigset_t *mask)
{
	static bool missing;
	struct pollfd p = { .fd = host.epoll_fd, .events = POLLIN };
	int n = -1;

	host.stats.syscalls++;
	if (!missing)
		n = epoll_pwait2(host.epoll_fd, ev, EVENTS_AT_ONCE, timeout, mask);
	if (n >= 0 || (!missing && errno != ENOSYS))
		return n;
	missing = true;
	host.stats.syscalls++;
	n = ppoll(&p, 1, timeout, mask);
	return n > 0 ? epoll_wait(host.epoll_fd, ev, EVENTS_AT_ONCE, 0) : n;
}

int host_events_wait(uint64_t deadline, const sigset_t *mask)
{
	struct epoll_event ev[EVENTS_AT_ONCE];
	struct timespec ts = { 0 }, *timeout = &ts;
	uint64_t now;
	int i, n;

	if (deadline == UINT64_MAX) {
		timeout = NULL;
	} else if (deadline) {
		now = host_mono();
		deadline = deadline > now ? deadline - now : 0;
		ts.tv_sec = (time_t)(deadline / 1000000000u);
		ts.tv_nsec = (long)(deadline % 1000000000u);
	}
	n = wait_events(ev, timeout, mask);
	for (i = 0; i < n; i++)
		dispatch(ev[i].data.u32);
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

void dde_host_count_syscalls(unsigned int n)
{
	host.stats.syscalls += n;
}

void dde_host_stats(struct dde_host_stats *ret)
{
	*ret = host.stats;
}
