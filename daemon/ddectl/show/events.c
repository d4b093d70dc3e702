/* SPDX-License-Identifier: GPL-2.0-only */
/* events: follows states and links of the devices of all daemons. */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "show.h"

struct follow {
	sd_event *event;
	const struct options *o;
	size_t n_open; /* daemons that are still there */
};

static bool wanted(const struct follow *f, const char *bdf, const char *name)
{
	return !f->o->argc || str_equal(bdf, name);
}

static void print_event_json(uint64_t usec, const char *bdf, const char *from, const char *to,
			     const char *error)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "usec", json_object_new_uint64(usec));
	json_object_object_add(o, "event", json_object_new_string("state"));
	json_object_object_add(o, "bdf", json_object_new_string(bdf));
	json_object_object_add(o, "from", from ? json_object_new_string(from) : NULL);
	json_object_object_add(o, "to", json_object_new_string(to));
	json_object_object_add(o, "error", *error ? json_object_new_string(error) : NULL);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static void print_event(uint64_t usec, const char *bdf, const char *from, const char *to,
			const char *error)
{
	time_t seconds = usec / 1000000;
	char stamp[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	printf("%s.%03u %s %s%s%s%s%s\n", stamp, (unsigned int)(usec / 1000 % 1000), bdf,
	       from ? from : "", from ? " -> " : "", to, *error ? ": " : "", error);
}

/* from NULL: the present state. */
static void print_step(struct follow *f, const char *bdf, const char *from, const char *to,
		       const char *error)
{
	struct timespec now;
	uint64_t usec;

	if (!wanted(f, bdf, f->o->argv[0]))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	usec = now.tv_sec * 1000000ull + now.tv_nsec / 1000;
	(f->o->json ? print_event_json : print_event)(usec, bdf, from, to, error);
	if (fflush(stdout))
		sd_event_exit(f->event, EXIT_FAILED);
}

static void print_link_event(const struct follow *f, uint64_t usec, const char *bdf, bool up,
			     uint32_t speed)
{
	struct json_object *o;
	char text[32] = "down";

	if (!f->o->json) {
		if (up)
			snprintf(text, sizeof(text), "up, %u Mbit/s", speed);
		print_event(usec, bdf, NULL, "link", text);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "usec", json_object_new_uint64(usec));
	json_object_object_add(o, "event", json_object_new_string("link"));
	json_object_object_add(o, "bdf", json_object_new_string(bdf));
	json_object_object_add(o, "up", json_object_new_boolean(up));
	json_object_object_add(o, "speed", json_object_new_uint64(up ? speed : 0));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
}

static int print_link_change(sd_bus_message *msg, void *arg, sd_bus_error *ret_error)
{
	struct follow *f = arg;
	const char *bdf;
	uint32_t speed;
	int up;

	if (sd_bus_message_read(msg, "sbu", &bdf, &up, &speed) < 0 ||
	    !wanted(f, bdf, f->o->argv[0]))
		return 0;
	print_link_event(f, wall_ns() / 1000, bdf, up, speed);
	if (fflush(stdout))
		sd_event_exit(f->event, EXIT_FAILED);
	return 0;
}

static int print_state(sd_bus_message *msg, void *arg, sd_bus_error *ret_error)
{
	const char *bdf, *from, *to, *error;

	if (sd_bus_message_read(msg, "ssss", &bdf, &from, &to, &error) >= 0)
		print_step(arg, bdf, from, to, error);
	return 0;
}

static int on_daemon_gone(sd_bus_message *msg, void *arg, sd_bus_error *ret_error)
{
	struct follow *f = arg;

	if (--f->n_open)
		return 0;
	fputs("ddectl: ddekitd has ended\n", stderr);
	sd_event_exit(f->event, EXIT_NO_DAEMON);
	return 0;
}

static int follow_bus(struct follow *f, sd_bus *bus)
{
	int r;

	r = sd_bus_match_signal(bus, NULL, NULL, CONTROL_PATH, CONTROL_INTERFACE, "StateChanged",
				print_state, f);
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, NULL, CONTROL_PATH, CONTROL_INTERFACE,
					"LinkChanged", print_link_change, f);
	if (r >= 0)
		r = sd_bus_match_signal(bus, NULL, NULL, "/org/freedesktop/DBus/Local",
					"org.freedesktop.DBus.Local", "Disconnected",
					on_daemon_gone, f);
	if (r >= 0)
		r = sd_bus_attach_event(bus, f->event, 0);
	return r;
}

/* The present state. The match is already there, so no change is missed between this and
 * the first signal. Return: 0, exit code. */
static int print_present(struct follow *f, sd_bus *bus)
{
	struct json_object *list, *dev;
	const char *error;
	size_t i;
	int code = client_json(bus, "ListDevices", NULL, &list);

	if (code)
		return code;
	for (i = 0; i < json_object_array_length(list); i++) {
		dev = json_object_array_get_idx(list, i);
		error = json_text(dev, "error");
		print_step(f, json_text(dev, "bdf"), NULL, json_text(dev, "state"),
			   error ? error : "");
	}
	json_object_put(list);
	return 0;
}

/* Ctrl-C and SIGTERM are the orderly ends. */
static int open_loop(struct follow *f)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	r = sd_event_default(&f->event);
	if (r >= 0)
		r = sd_event_add_signal(f->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(f->event, NULL, SIGTERM, NULL, NULL);
	return r;
}

/* The event's device is named by its BDF: a name given otherwise is looked up. */
static int full_device_name(struct client *c, const struct options *o, struct json_object **ret)
{
	sd_bus *bus;
	int code = client_find(c, o->argv[0], &bus);

	return code ? code : client_json(bus, "GetStatus", o->argv[0], ret);
}

static int follow_daemon(struct client *c, const struct options *o)
{
	struct follow f = { .o = o, .n_open = client_count(c) };
	int code = 0, r = open_loop(&f);
	size_t i;

	for (i = 0; i < client_count(c) && r >= 0; i++)
		r = follow_bus(&f, client_bus(c, i));
	for (i = 0; i < client_count(c) && r >= 0 && !code; i++)
		code = print_present(&f, client_bus(c, i));
	if (r >= 0 && !code)
		r = sd_event_loop(f.event);
	for (i = 0; i < client_count(c); i++)
		sd_bus_detach_event(client_bus(c, i));
	sd_event_unref(f.event);
	return r < 0 ? client_error(r, NULL) : code ? code : r;
}

int cmd_events(const struct options *o)
{
	struct options mine = *o;
	struct json_object *dev = NULL;
	char *name[2] = { NULL };
	struct client *c;
	int code = client_open(o, &c);

	if (code)
		return code;
	if (o->argc)
		code = full_device_name(c, o, &dev);
	if (!code && dev) {
		name[0] = (char *)json_text(dev, "bdf");
		mine.argv = name;
	}
	if (!code)
		code = follow_daemon(c, &mine);
	json_object_put(dev);
	client_close(c);
	return code;
}
