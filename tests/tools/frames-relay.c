/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-frames relay: only copies packets between two endpoints.  Its rate is the baseline for a
 * path with a driver in its place.
 */
#include "frames.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common.h"

struct pump {
	struct endpoint *from, *to;
	uint64_t packets, bytes, refused;
};

/* A unix socket stays unconnected, as QEMU's: its peer may appear later, disappear and return. */
static bool forward(struct endpoint *to, const void *data, size_t len)
{
	struct sockaddr_un peer = { .sun_family = AF_UNIX };

	if (to->kind != EP_UNIX)
		return write(to->fd, data, len) == (ssize_t)len;
	memcpy(peer.sun_path, to->peer, sizeof(peer.sun_path));
	return sendto(to->fd, data, len, MSG_NOSIGNAL, (struct sockaddr *)&peer, sizeof(peer)) ==
	       (ssize_t)len;
}

static void *pump_main(void *arg)
{
	struct pump *p = arg;
	uint8_t buf[FRAMES_MAX];
	ssize_t n;

	for (;;) {
		n = read(p->from->fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		/* A TAP that is not up yet, or an absent peer, does not end the relay. */
		if (n < 0 && (errno == EIO || errno == ECONNREFUSED || errno == ECONNRESET))
			continue;
		if (n < 0)
			die_errno(errno, "reading from %s", p->from->name);
		p->packets++;
		p->bytes += (uint64_t)n;
		if (!forward(p->to, buf, (size_t)n))
			p->refused++;
	}
	return NULL;
}

static void print_pump(const struct pump *p)
{
	printf("%s -> %s: %llu packets, %llu bytes, %llu refused\n", p->from->name, p->to->name,
	       (unsigned long long)p->packets, (unsigned long long)p->bytes,
	       (unsigned long long)p->refused);
}

int frames_relay(struct endpoint *a, struct endpoint *b)
{
	struct pump pumps[2] = { { .from = a, .to = b }, { .from = b, .to = a } };
	bool vnet = a->kind == EP_TAP && b->kind == EP_TAP;
	pthread_t threads[2];
	sigset_t end;
	int sig, r;

	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	endpoint_open(a, vnet, true);
	endpoint_open(b, vnet, true);
	for (int i = 0; i < 2; i++) {
		r = pthread_create(&threads[i], NULL, pump_main, &pumps[i]);
		if (r)
			die_errno(r, "cannot start a thread");
	}
	printf("relaying\n");
	fflush(stdout);
	sigwait(&end, &sig);
	for (int i = 0; i < 2; i++) {
		pthread_cancel(threads[i]);
		pthread_join(threads[i], NULL);
		print_pump(&pumps[i]);
	}
	endpoint_close(a);
	endpoint_close(b);
	return 0;
}
