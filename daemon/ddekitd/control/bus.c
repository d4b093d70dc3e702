/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections of the control interface; see bus.h. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "authorize.h"
#include "bus.h"
#include "lib/log.h"
#include "protocol/control.h"
#include "system-bus.h"

#define MAX_CLIENTS 32
/* Messages that wait for their reader. Usually there are none: each is written at once. */
#define UNSENT_MAX 64 /* then calls are refused */
#define UNSENT_END \
	1024 /* then calls are not answered, log lines are lost, and followers
				 * of states are disconnected */

struct client {
	struct client *next;
	struct bus *owner;
	sd_bus *bus;
	char follows[DDEKIT_BDF_STRLEN]; /* whose log, empty: nobody's */
	uint32_t lost;                   /* lines of it that it was too slow for */
};

struct bus {
	struct manager *manager;
	bus_objects_fn objects;
	void *arg; /* of that */
	char *path;
	int listener;
	sd_event_source *source;
	struct client *clients;
	unsigned int n_clients;
	struct sysbus *system;
};

static uint64_t count_unsent(sd_bus *bus)
{
	uint64_t n;

	return sd_bus_get_n_queued_write(bus, &n) < 0 ? UINT64_MAX : n;
}

bool bus_is_clogged(sd_bus *bus)
{
	return count_unsent(bus) > UNSENT_MAX;
}

/* Refuses calls while too many replies are unread: these would accumulate here. */
static int on_any_message(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	sd_bus *bus = sd_bus_message_get_bus(m);

	if (!sd_bus_message_is_method_call(m, NULL, NULL) || !bus_is_clogged(bus))
		return 0;
	if (count_unsent(bus) < UNSENT_END)
		sd_bus_reply_method_errorf(m, SD_BUS_ERROR_LIMITS_EXCEEDED,
					   "%d replies of "
					   "ddekitd are unread, which is the limit",
					   UNSENT_MAX);
	return 1;
}

static int bus_add_objects(struct bus *bus, sd_bus *connection)
{
	int r = sd_bus_add_filter(connection, NULL, on_any_message, NULL);

	return r < 0 ? r : bus->objects(connection, bus->arg);
}

static void drop_client(struct client *client)
{
	struct client **at = &client->owner->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	client->owner->n_clients--;
	sd_bus_close_unref(client->bus);
	free(client);
}

static int on_disconnect(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	drop_client(arg);
	return 0;
}

/* Root, or the user that ddekitd itself runs as. */
static bool peer_allowed(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) &&
	       (!cred.uid || cred.uid == geteuid());
}

/* fd is moved on success. */
static int set_up(struct client *client, int fd)
{
	sd_id128_t id;
	int r;

	r = sd_bus_new(&client->bus);
	if (r >= 0)
		r = sd_id128_randomize(&id);
	if (r >= 0)
		r = sd_bus_set_fd(client->bus, fd, fd);
	if (r >= 0)
		r = sd_bus_set_server(client->bus, 1, id);
	if (r >= 0)
		r = sd_bus_set_trusted(client->bus, 1);
	if (r >= 0)
		r = sd_bus_set_sender(client->bus, CONTROL_SERVICE);
	if (r >= 0)
		r = sd_bus_match_signal_async(client->bus, NULL, "org.freedesktop.DBus.Local",
					      "/org/freedesktop/DBus/Local",
					      "org.freedesktop.DBus.Local", "Disconnected",
					      on_disconnect, NULL, client);
	if (r >= 0)
		r = sd_bus_negotiate_fds(client->bus, 0);
	if (r >= 0)
		r = bus_add_objects(client->owner, client->bus);
	if (r >= 0)
		r = sd_bus_set_close_on_exit(client->bus, 0); /* it would wait */
	if (r >= 0)
		r = sd_bus_start(client->bus);
	return r < 0 ? r : sd_bus_attach_event(client->bus, client->owner->manager->env.event, 0);
}

static int on_connect(sd_event_source *source, int listener, uint32_t revents, void *arg)
{
	struct bus *bus = arg;
	struct client *client;
	int fd, r;

	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return 0;
	if (!peer_allowed(fd) || bus->n_clients >= MAX_CLIENTS) {
		close(fd);
		return 0;
	}
	client = calloc(1, sizeof(*client));
	if (!client) {
		close(fd);
		return 0;
	}
	client->owner = bus;
	client->next = bus->clients;
	bus->clients = client;
	bus->n_clients++;
	r = set_up(client, fd);
	if (r < 0) {
		log_warning("control connection: %s", strerror(-r));
		drop_client(client);
	}
	return 0;
}

/* The lock of the runtime folder is held: a socket that is there is stale. */
static int make_listener(struct bus *bus)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	if (strlen(bus->path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, bus->path, strlen(bus->path) + 1);
	unlink(bus->path);
	bus->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bus->listener < 0)
		return -errno;
	mask = umask(0177);
	r = bind(bus->listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(mask);
	if (!r && listen(bus->listener, 16) < 0)
		r = -errno;
	if (!r)
		r = sd_event_add_io(bus->manager->env.event, &bus->source, bus->listener, EPOLLIN,
				    on_connect, bus);
	return r;
}

/* A missing system bus is not an error. */
static void join_system_bus(struct bus *bus)
{
	int r = sysbus_open(&bus->system);
	sd_bus *b = sysbus_bus(bus->system);

	if (r >= 0)
		r = bus_add_objects(bus, b);
	if (r >= 0)
		r = sd_bus_request_name_async(b, NULL, CONTROL_SERVICE, 0, NULL, NULL);
	if (r >= 0)
		r = sysbus_start(bus->system, bus->manager->env.event);
	if (r < 0) {
		log_debug("no system bus: %s", strerror(-r));
		sysbus_close(bus->system);
		bus->system = NULL;
	}
}

int bus_open(struct manager *m, bus_objects_fn objects, void *arg, struct bus **ret)
{
	const char *dir = m->config.global.runtime_dir;
	struct bus *bus = calloc(1, sizeof(*bus));
	int r;

	if (!bus)
		return -ENOMEM;
	bus->manager = m;
	bus->objects = objects;
	bus->arg = arg;
	bus->listener = -1;
	bus->path = m->options.only ? str_format("%s/control-%s.sock", dir, m->options.only)
				    : str_format("%s/" CONTROL_SOCKET, dir);
	r = bus->path ? make_listener(bus) : -ENOMEM;
	if (r < 0) {
		log_error("cannot create the control socket %s: %s", bus->path ? bus->path : dir,
			  strerror(-r));
		bus_close(bus);
		return r;
	}
	if (!m->options.only)
		join_system_bus(bus);
	*ret = bus;
	return 0;
}

void bus_close(struct bus *bus)
{
	if (!bus)
		return;
	bus->source = sd_event_source_disable_unref(bus->source);
	while (bus->clients)
		drop_client(bus->clients);
	authorize_finish();
	sysbus_close(bus->system);
	if (bus->listener >= 0)
		unlink(bus->path);
	fd_close(&bus->listener);
	free(bus->path);
	free(bus);
}

/* A follower of states must not miss one: it is disconnected if it does not read. A follower
 * of a log gets the number of lines that it lost. */
static bool reads_signals(const struct client *client)
{
	if (count_unsent(client->bus) < UNSENT_END)
		return true;
	if (!client->follows[0])
		sd_bus_close(client->bus);
	return false;
}

/* PropertiesChanged of the device's object. */
static void emit_properties(sd_bus *bus, const struct device *dev)
{
	_cleanup_free_ char *path = NULL;

	if (sd_bus_path_encode(CONTROL_DEVICE_PATH, device_bdf_text(dev), &path) >= 0)
		sd_bus_emit_properties_changed(bus, path, CONTROL_DEVICE_INTERFACE, "State",
					       "Error", NULL);
}

static void emit_state(sd_bus *bus, const struct device *dev, enum device_state from)
{
	_cleanup_free_ char *error = NULL;

	if (str_set(&error, device_error(dev) ? device_error(dev) : "") < 0)
		return;
	str_make_utf8(error);
	sd_bus_emit_signal(bus, CONTROL_PATH, CONTROL_INTERFACE, "StateChanged", "ssss",
			   device_bdf_text(dev), device_state_name(from),
			   device_state_name(device_state(dev)), error);
	emit_properties(bus, dev);
}

void bus_state_changed(struct bus *bus, const struct device *dev, enum device_state from)
{
	struct client *client;

	for (client = bus->clients; client; client = client->next)
		if (reads_signals(client))
			emit_state(client->bus, dev, from);
	if (bus->system && !bus_is_clogged(sysbus_bus(bus->system)))
		emit_state(sysbus_bus(bus->system), dev, from);
}

static void emit_link_to(sd_bus *bus, const struct device *dev)
{
	struct device_link link;

	if (device_link(dev, &link))
		sd_bus_emit_signal(bus, CONTROL_PATH, CONTROL_INTERFACE, "LinkChanged", "sbu",
				   device_bdf_text(dev), link.up, link.speed);
}

void bus_link_changed(struct bus *bus, const struct device *dev)
{
	struct client *client;

	for (client = bus->clients; client; client = client->next)
		if (reads_signals(client))
			emit_link_to(client->bus, dev);
	if (bus->system && !bus_is_clogged(sysbus_bus(bus->system)))
		emit_link_to(sysbus_bus(bus->system), dev);
}

int bus_follow_log(struct bus *bus, sd_bus *connection, const struct device *dev)
{
	struct client *client;

	for (client = bus->clients; client; client = client->next) {
		if (client->bus != connection)
			continue;
		memcpy(client->follows, device_bdf_text(dev), sizeof(client->follows));
		client->lost = 0;
		return 0;
	}
	return -EOPNOTSUPP;
}

/* A follower that does not read loses lines, and is told how many. */
void bus_log_line(struct bus *bus, const struct device *dev, int level, const char *text)
{
	struct client *client;

	for (client = bus->clients; client; client = client->next) {
		if (strcmp(client->follows, device_bdf_text(dev)))
			continue;
		if (count_unsent(client->bus) >= UNSENT_END ||
		    sd_bus_emit_signal(client->bus, CONTROL_PATH, CONTROL_INTERFACE, "LogLine",
				       "tisu", wall_ns() / 1000, level, text, client->lost) < 0)
			client->lost++;
		else
			client->lost = 0;
	}
}
