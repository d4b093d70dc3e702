/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections to the daemons; see client.h. */
#include <errno.h>
#include <fnmatch.h>

#include "client.h"
#include "lib/folder.h"
#include "lib/json.h"

#define PROGRESS_NS 2000000000ull

struct client {
	sd_bus **bus;
	size_t n;
};

/* D-Bus addresses escape all but a few characters. NULL: no memory. */
static char *address_of(const char *path)
{
	struct text t = { 0 };
	int r = text_add(&t, "unix:path=");

	for (; *path && !r; path++)
		r = strchr("-_/.*", *path) || (*path >= '0' && *path <= '9') ||
				    ((*path | 0x20) >= 'a' && (*path | 0x20) <= 'z')
			    ? text_add(&t, "%c", *path)
			    : text_add(&t, "%%%02x", (unsigned char)*path);
	if (r < 0)
		text_finish(&t);
	return t.text;
}

static int connect_daemon(struct client *c, const char *path)
{
	_cleanup_free_ char *address = address_of(path);
	sd_bus **grown, *bus = NULL;
	int r;

	if (!address)
		return -ENOMEM;
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_start(bus);
	grown = r < 0 ? NULL : realloc(c->bus, (c->n + 1) * sizeof(*grown));
	if (!grown) {
		sd_bus_unref(bus);
		return r < 0 ? r : -ENOMEM;
	}
	c->bus = grown;
	grown[c->n++] = bus;
	return 0;
}

static int no_daemon(const char *path, int r)
{
	if (r == -EACCES || r == -EPERM)
		fprintf(stderr, "ddectl: %s: not allowed; run ddectl as root\n", path);
	else
		fprintf(stderr,
			"ddectl: no ddekitd answers at %s (%s); start it (systemctl start "
			"ddekitd) or name its folder by --runtime-dir\n",
			path, strerror(-r));
	return EXIT_NO_DAEMON;
}

/* control.sock and control-BDF.sock: one for each daemon. */
static int connect_all(struct client *c, const char *dir)
{
	struct strv names = { 0 };
	size_t i;
	int r = folder_names(dir, &names), last;

	if (!r)
		r = -ENOENT;
	for (i = 0; i < names.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (strcmp(names.item[i], CONTROL_SOCKET) &&
		    fnmatch("control-*.sock", names.item[i], 0))
			continue;
		path = str_format("%s/%s", dir, names.item[i]);
		last = path ? connect_daemon(c, path) : -ENOMEM;
		if (last < 0)
			r = last; /* a daemon that died leaves its socket */
	}
	strv_finish(&names);
	return c->n ? 0 : r;
}

/* Others than root may not use the sockets, but ask polkit by the system bus. */
static int connect_to_system(struct client *c)
{
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = sd_bus_set_allow_interactive_authorization(bus, 1);
	c->bus = r < 0 ? NULL : malloc(sizeof(*c->bus));
	if (!c->bus) {
		sd_bus_unref(bus);
		return r < 0 ? r : -ENOMEM;
	}
	c->bus[c->n++] = bus;
	return 0;
}

int client_open(const struct options *o, struct client **ret)
{
	struct client *c = calloc(1, sizeof(*c));
	const char *where = o->socket ? o->socket : o->runtime_dir;
	int r = -ENOMEM;

	if (c)
		r = o->socket ? connect_daemon(c, o->socket) : connect_all(c, o->runtime_dir);
	if (c && (r == -EACCES || r == -EPERM) && !o->socket &&
	    !strcmp(o->runtime_dir, CONTROL_RUNTIME_DIR) && !connect_to_system(c))
		r = 0;
	if (r < 0) {
		client_close(c);
		return no_daemon(where, r);
	}
	*ret = c;
	return 0;
}

void client_close(struct client *c)
{
	size_t i;

	if (!c)
		return;
	for (i = 0; i < c->n; i++)
		sd_bus_flush_close_unref(c->bus[i]);
	free(c->bus);
	free(c);
}

size_t client_count(const struct client *c)
{
	return c->n;
}

sd_bus *client_bus(const struct client *c, size_t i)
{
	return c->bus[i];
}

int client_error(int r, const sd_bus_error *error)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {
		{ CONTROL_ERROR_NO_DEVICE, EXIT_NO_DEVICE },
		{ CONTROL_ERROR_CONFIG, EXIT_BAD_CONFIG },
		{ SD_BUS_ERROR_NO_SERVER, EXIT_NO_DAEMON },
		{ SD_BUS_ERROR_NO_REPLY, EXIT_NO_DAEMON },
	};
	size_t i;

	fprintf(stderr, "ddectl: %s\n", error && error->message ? error->message : strerror(-r));
	for (i = 0; i < ARRAY_SIZE(codes); i++)
		if (error && sd_bus_error_has_name(error, codes[i].name))
			return codes[i].code;
	return r == -ECONNRESET || r == -ENOTCONN ? EXIT_NO_DAEMON : EXIT_FAILED;
}

/* device NULL: none. Return: 0, -errno with *error set. */
static int call_json(sd_bus *bus, const char *method, const char *device, struct json_object **ret,
		     sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const char *text;
	int r;

	r = sd_bus_call_method(bus, CONTROL_SERVICE, CONTROL_PATH, CONTROL_INTERFACE, method, error,
			       &reply, device ? "s" : "", device);
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &text);
	if (r >= 0) {
		*ret = json_tokener_parse(text);
		r = *ret ? 0 : -EPROTO;
	}
	sd_bus_message_unref(reply);
	return r;
}

/* Return: 0, -errno with *error set. */
static int find_bus(struct client *c, const char *device, sd_bus **ret, sd_bus_error *error)
{
	struct json_object *status = NULL;
	size_t i;
	int r = -ENOENT;

	for (i = 0; i < c->n; i++) {
		sd_bus_error_free(error);
		r = call_json(c->bus[i], "GetStatus", device, &status, error);
		if (r >= 0) {
			json_object_put(status);
			*ret = c->bus[i];
			return 0;
		}
	}
	return r;
}

int client_find(struct client *c, const char *device, sd_bus **ret)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = find_bus(c, device, ret, &error);

	if (r < 0)
		r = client_error(r, &error);
	sd_bus_error_free(&error);
	return r;
}

sd_bus *client_find_or_first(struct client *c, const char *device)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus *bus = c->bus[0];

	if (c->n > 1)
		find_bus(c, device, &bus, &error);
	sd_bus_error_free(&error);
	return bus;
}

int client_json(sd_bus *bus, const char *method, const char *device, struct json_object **ret)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = call_json(bus, method, device, ret, &error);

	r = r < 0 ? client_error(r, &error) : 0;
	sd_bus_error_free(&error);
	return r;
}

void client_warn_config(const struct client *c)
{
	struct json_object *daemon;
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (client_json(c->bus[i], "GetDaemon", NULL, &daemon))
			continue;
		if (json_text(daemon, "config_error"))
			fprintf(stderr,
				"ddectl: the configuration is bad, and ddekitd runs "
				"without it: %s\n",
				json_text(daemon, "config_error"));
		json_object_put(daemon);
	}
}

/* Opens the one connection that has the device o->argv[0]. Return: 0, exit code. */
static int open_of_device(const struct options *o, struct client **ret, sd_bus **ret_bus)
{
	struct client *c;
	int code = client_open(o, &c);

	if (code)
		return code;
	code = client_find(c, o->argv[0], ret_bus);
	if (code)
		client_close(c);
	else
		*ret = c;
	return code;
}

int client_with_device(const struct options *o, int (*fn)(const struct options *o, sd_bus *bus))
{
	struct client *c;
	sd_bus *bus;
	int code = open_of_device(o, &c, &bus);

	if (code)
		return code;
	code = fn(o, bus);
	client_close(c);
	return code;
}

int client_device_json(const struct options *o, const char *method, struct json_object **ret)
{
	struct client *c;
	sd_bus *bus;
	int code = open_of_device(o, &c, &bus);

	if (code)
		return code;
	code = client_json(bus, method, o->argv[0], ret);
	client_close(c);
	return code;
}

uint32_t client_bind_flags(const struct options *o)
{
	return (o->runtime ? CONTROL_BIND_RUNTIME : 0) | (o->force ? CONTROL_BIND_FORCE : 0);
}

int client_add_settings(sd_bus_message *msg, const struct settings *s)
{
	size_t i;
	int r = sd_bus_message_open_container(msg, 'a', "{ss}");

	for (i = 0; i < s->key.n && r >= 0; i++)
		r = sd_bus_message_append(msg, "{ss}", s->key.item[i], s->value.item[i]);
	return r < 0 ? r : sd_bus_message_close_container(msg);
}

/* ---- waiting --------------------------------------------------------------- */

struct waiter {
	sd_bus *bus;
	sd_bus_slot *slot;
	bool changed;
};

static int on_waiter_signal(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct waiter *w = arg;

	w->changed = true;
	return 0;
}

int waiter_open(sd_bus *bus, struct waiter **ret)
{
	struct waiter *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->bus = bus;
	r = sd_bus_match_signal(bus, &w->slot, NULL, CONTROL_PATH, CONTROL_INTERFACE,
				"StateChanged", on_waiter_signal, w);
	if (r < 0) {
		free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void waiter_close(struct waiter *w)
{
	if (!w)
		return;
	sd_bus_slot_unref(w->slot);
	free(w);
}

/* The same for a switch, when the device is up. */
static int switch_settled(struct json_object *status)
{
	if (json_is_true(status, "on_trial"))
		return -1;
	if (!json_text(status, "went_back"))
		return EXIT_OK;
	fprintf(stderr, "ddectl: %s runs as before, the switch was taken back: %s\n",
		json_text(status, "bdf"), json_text(status, "went_back"));
	return EXIT_FAILED;
}

/* Whether the device has reached the requested state. Return: exit code; -1: not yet. */
static int settled(struct json_object *status, const char *goal)
{
	const char *state = json_text(status, "state");

	if (str_equal(goal, GOAL_KEPT) && str_equal(state, "up"))
		return switch_settled(status);
	if (str_equal(state, goal))
		return EXIT_OK;
	if (str_equal(goal, "configured") && str_equal(state, "absent"))
		return EXIT_OK;
	if (!str_equal(state, "failed") && !str_equal(state, "absent"))
		return -1;
	fprintf(stderr, "ddectl: %s %s: %s\n", json_text(status, "bdf"),
		str_equal(state, "failed") ? "failed" : "is not there", json_text(status, "error"));
	return EXIT_DEVICE_FAILED;
}

/* Processes the connection until a state changed or the time is over. */
static int wait_for_change(struct waiter *w, uint64_t until)
{
	uint64_t now;
	int r;

	w->changed = false;
	while (!w->changed) {
		r = sd_bus_process(w->bus, NULL);
		if (r < 0)
			return r;
		if (r > 0)
			continue;
		now = mono_ns();
		if (now >= until)
			return 0;
		r = sd_bus_wait(w->bus, (until - now) / 1000 + 1);
		if (r < 0 && r != -EINTR)
			return r;
	}
	return 0;
}

static int timed_out(const char *bdf, const char *goal, struct json_object *status)
{
	fprintf(stderr, "ddectl: %s is still %s, not %s; see ddectl status %s\n", bdf,
		json_text(status, "state"), goal, bdf);
	return EXIT_TIMEOUT;
}

int waiter_wait(struct waiter *w, const char *bdf, const char *goal, const struct options *o)
{
	uint32_t ms = o->timeout_ms + (str_equal(goal, GOAL_KEPT) ? o->trial_ms : 0);
	uint64_t start = mono_ns(), end = start + ms * 1000000ull, tell, now;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct json_object *status = NULL;
	int r, code = -1;

	for (tell = start + PROGRESS_NS; code < 0; json_object_put(status), status = NULL) {
		r = call_json(w->bus, "GetStatus", bdf, &status, &error);
		if (r < 0 && sd_bus_error_has_name(&error, CONTROL_ERROR_NO_DEVICE) &&
		    !strcmp(goal, "configured"))
			code = EXIT_OK; /* forgotten: as good as released */
		else if (r < 0)
			code = client_error(r, &error);
		else
			code = settled(status, goal);
		sd_bus_error_free(&error);
		now = mono_ns();
		if (code < 0 && now >= end) {
			code = timed_out(bdf, goal, status);
		} else if (code < 0 && now >= tell) {
			fprintf(stderr, "%s: %s for %llu s ...\n", bdf,
				json_is_true(status, "on_trial") ? "on trial"
								 : json_text(status, "state"),
				(unsigned long long)(now - start) / 1000000000);
			tell = now + PROGRESS_NS;
		}
		r = code < 0 ? wait_for_change(w, tell < end ? tell : end) : 0;
		if (r < 0)
			code = client_error(r, NULL);
	}
	return code;
}
