/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-frames pour: sends the same frame repeatedly, as fast as the other end accepts it.  It
 * checks nothing: the receiver counts.
 */
#include "frames.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

#define BATCH 64

/* Return: a signalfd for the signals that end the program. */
static int open_signals(void)
{
	sigset_t end;
	int fd;

	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	fd = signalfd(-1, &end, SFD_CLOEXEC);
	if (fd < 0)
		die_errno(errno, "signalfd");
	return fd;
}

/* The peer may appear later, disappear and return.  Return: false if it is absent. */
static bool connect_peer(struct endpoint *to, bool *connected)
{
	if (!*connected)
		*connected = !endpoint_connect(to);
	return *connected;
}

/* Return: number of frames sent. */
static unsigned int send_some(struct endpoint *to, bool *connected, struct mmsghdr *msgs)
{
	int n = sendmmsg(to->fd, msgs, BATCH, 0);

	if (n >= 0)
		return (unsigned int)n;
	if (errno == ECONNREFUSED || errno == ECONNRESET || errno == ENOTCONN)
		*connected = false;
	else if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
		die_errno(errno, "cannot send to %s", to->name);
	return 0;
}

int frames_pour(struct endpoint *to, const void *frame, size_t size)
{
	struct iovec iov = { (void *)frame, size };
	struct mmsghdr msgs[BATCH] = { 0 };
	struct pollfd pfd[2] = { { .fd = open_signals(), .events = POLLIN } };
	unsigned long long sent = 0;
	bool connected = false;

	for (int i = 0; i < BATCH; i++) {
		msgs[i].msg_hdr.msg_iov = &iov;
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	endpoint_open(to, false, false);
	pfd[1] = (struct pollfd){ .fd = to->fd, .events = POLLOUT };
	while (!(pfd[0].revents & POLLIN)) {
		bool there = connect_peer(to, &connected);

		if (poll(pfd, there ? 2 : 1, there ? -1 : 20) > 0 && there &&
		    pfd[1].revents & (POLLOUT | POLLERR))
			sent += send_some(to, &connected, msgs);
	}
	printf("%llu sent\n", sent);
	endpoint_close(to);
	close(pfd[0].fd);
	return 0;
}
