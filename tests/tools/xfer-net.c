/* SPDX-License-Identifier: GPL-2.0-only */
/* ddekit-xfer: socket input and output with a time limit for progress. */
#include "xfer.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "common.h"

/* With a rate limit: bytes sent at once. */
#define RATE_QUANTUM 65536u

void xfer_conn_init(struct xfer_conn *c, int fd, double seconds)
{
	struct timeval tv = {
		.tv_sec = (time_t)seconds,
		.tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6),
	};

	*c = (struct xfer_conn){ .fd = fd, .timeout_ms = (int)(seconds * 1000) };
	/* For receiving; when sending, it only limits connect(), see wait_space(). */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
		die_errno(errno, "cannot set the time limit of a socket");
}

/*
 * Waits for space in the socket's buffer.  The time limit starts when the last byte moved, unlike
 * that of a blocking send().  Return: 0, -ETIMEDOUT.
 */
static int wait_space(const struct xfer_conn *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLOUT };
	uint64_t end = mono_ns() + (uint64_t)c->timeout_ms * 1000000;
	int n;

	do
		n = poll(&pfd, 1, c->timeout_ms);
	while (n < 0 && errno == EINTR && mono_ns() < end);
	return n > 0 ? 0 : -ETIMEDOUT;
}

void xfer_conn_bulk(struct xfer_conn *c)
{
	c->start_ns = c->last_ns = mono_ns();
	c->stall_ns = 0;
	c->sent = 0;
}

/* Sleeps until the rate allows the next byte. */
static void limit_rate(const struct xfer_conn *c)
{
	uint64_t at = c->start_ns + (uint64_t)((double)c->sent * 8e9 / (double)c->rate);
	struct timespec ts = {
		.tv_sec = (time_t)(at / 1000000000ull),
		.tv_nsec = (long)(at % 1000000000ull),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

int xfer_send(struct xfer_conn *c, const void *data, size_t len)
{
	const uint8_t *at = data;
	size_t want;
	ssize_t n;
	int r;

	while (len) {
		want = c->rate && len > RATE_QUANTUM ? RATE_QUANTUM : len;
		if (c->rate)
			limit_rate(c);
		n = send(c->fd, at, want, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN) {
			r = wait_space(c);
			if (r)
				return r;
			continue;
		}
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
		c->sent += (uint64_t)n;
	}
	return 0;
}

int xfer_recv(struct xfer_conn *c, void *data, size_t len)
{
	uint8_t *at = data;
	uint64_t now;
	ssize_t n;

	while (len) {
		n = recv(c->fd, at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (!n)
			return -EPIPE;
		now = mono_ns();
		if (now - c->last_ns > c->stall_ns)
			c->stall_ns = now - c->last_ns;
		c->last_ns = now;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}
