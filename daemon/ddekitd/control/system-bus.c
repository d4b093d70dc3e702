/* SPDX-License-Identifier: GPL-2.0-only */
/* The connection to the system bus; see system-bus.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

#include "system-bus.h"
#include "lib/util.h"

#define ADDRESS "unix:path=/run/dbus/system_bus_socket"
#define SLICE_NS 5000000ull /* of CPU time for messages at a time */
#define PAUSE 3u            /* in slices, if there are more */

struct sysbus {
	sd_bus *bus;
	sd_event_source *io, *timer;
	int fd; /* a duplicate: sd-bus closes its own when the connection ends */
	bool pausing;
};

static void sysbus_stop(struct sysbus *s)
{
	s->io = sd_event_source_disable_unref(s->io);
	s->timer = sd_event_source_disable_unref(s->timer);
	fd_close(&s->fd);
}

static void set_timer(struct sysbus *s, uint64_t usec)
{
	sd_event_source_set_time(s->timer, usec);
	sd_event_source_set_enabled(s->timer, usec == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void pause_for(struct sysbus *s, uint64_t ns)
{
	s->pausing = true;
	sd_event_source_set_enabled(s->io, SD_EVENT_OFF);
	set_timer(s, (mono_ns() + ns) / 1000 + 1);
}

static int sysbus_serve(struct sysbus *s)
{
	uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID), used;
	int r;

	do {
		r = sd_bus_process(s->bus, NULL);
		used = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	} while (r > 0 && used < SLICE_NS);
	if (r < 0)
		sysbus_stop(s); /* the connection has ended; devices go on without */
	else if (r > 0)
		pause_for(s, used * PAUSE);
	return 0;
}

static int on_sysbus_io(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	return sysbus_serve(arg);
}

static int on_sysbus_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct sysbus *s = arg;

	s->pausing = false;
	sd_event_source_set_enabled(s->io, SD_EVENT_ON);
	return sysbus_serve(s);
}

/* Before the event loop sleeps: sets what to wake up for. */
static int on_prepare(sd_event_source *source, void *arg)
{
	struct sysbus *s = arg;
	uint64_t usec = UINT64_MAX;
	int events = sd_bus_get_events(s->bus);

	if (s->pausing)
		return 0;
	if (events >= 0)
		sd_event_source_set_io_events(s->io, (events & POLLIN ? EPOLLIN : 0) |
							     (events & POLLOUT ? EPOLLOUT : 0));
	if (sd_bus_get_timeout(s->bus, &usec) < 0)
		usec = UINT64_MAX;
	set_timer(s, usec);
	return 0;
}

/* No method uses file descriptors, and a waiting call would hold them open. */
static int connect_to_bus(sd_bus **ret)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_description(bus, "ddekitd");
	if (r >= 0)
		r = sd_bus_set_address(bus, address ? address : ADDRESS);
	if (r >= 0)
		r = sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = sd_bus_negotiate_fds(bus, 0);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

int sysbus_open(struct sysbus **ret)
{
	struct sysbus *s = calloc(1, sizeof(*s));
	int r = s ? connect_to_bus(&s->bus) : -ENOMEM;

	if (r < 0) {
		free(s);
		return r;
	}
	s->fd = -1;
	*ret = s;
	return 0;
}

int sysbus_start(struct sysbus *s, sd_event *event)
{
	int r = sd_event_add_time(event, &s->timer, CLOCK_MONOTONIC, UINT64_MAX, 1, on_sysbus_timer,
				  s);

	if (r >= 0)
		r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_bus_get_fd(s->bus);
	if (r >= 0) {
		s->fd = fcntl(r, F_DUPFD_CLOEXEC, 3);
		r = s->fd < 0 ? -errno : 0;
	}
	if (r >= 0)
		r = sd_event_add_io(event, &s->io, s->fd, EPOLLIN, on_sysbus_io, s);
	if (r >= 0)
		r = sd_event_source_set_prepare(s->io, on_prepare);
	return r < 0 ? r : 0;
}

void sysbus_close(struct sysbus *s)
{
	if (!s)
		return;
	sysbus_stop(s);
	sd_bus_close_unref(s->bus); /* what could be sent has been written */
	free(s);
}

sd_bus *sysbus_bus(const struct sysbus *s)
{
	return s ? s->bus : NULL;
}
