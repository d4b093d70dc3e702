/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wall clock: the runtime reads it when it starts, and again whenever the host's
 * clock is set.  That cancels a timer, so nothing has to poll.  Changes of the clock's
 * rate affect the monotonic clock too.
 */
#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "internal.h"

static struct {
	int fd;
	struct host_watch watch;
	struct dde_request request;
	_Atomic int busy;  /* the request has been submitted */
	_Atomic int again; /* the clock was set again meanwhile */
} clock_state = { .fd = -1 };

static void clock_submit(void)
{
	if (atomic_exchange(&clock_state.busy, 1))
		atomic_store(&clock_state.again, 1);
	else
		dde_host_submit(&clock_state.request);
}

/* CPU 0: the timer was cancelled, or has expired. */
static void on_clock_set(void *arg)
{
	uint64_t count;

	/* Fails with ECANCELED, once per cancellation. */
	if (read(clock_state.fd, &count, sizeof(count)) < 0 && errno == ECANCELED)
		clock_submit();
}

int host_clock_init(void)
{
	/* Never expires: it is there to be cancelled. */
	const struct itimerspec never = { .it_value.tv_sec = LONG_MAX };

	clock_state.request.fn = host.up->sys->clock_set;
	clock_state.fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (clock_state.fd < 0)
		return -errno;
	if (timerfd_settime(clock_state.fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never,
			    NULL) < 0)
		return -errno;
	clock_state.watch.fn = on_clock_set;
	return host_event_watch(0, clock_state.fd, EPOLLIN | EPOLLET, &clock_state.watch);
}

bool host_clock_done(struct dde_request *req)
{
	if (req != &clock_state.request)
		return false;
	atomic_store(&clock_state.busy, 0);
	if (atomic_exchange(&clock_state.again, 0))
		clock_submit();
	return true;
}
