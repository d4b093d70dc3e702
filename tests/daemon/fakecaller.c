/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls methods of ddekitd on the system bus (DBUS_SYSTEM_BUS_ADDRESS), many at a time.
 * Usage: fakecaller UID SECONDS CONNECTIONS DEPTH HOW METHOD[,METHOD...] [ARGUMENT...]
 *
 * Each of CONNECTIONS, as user UID, has DEPTH pending calls and uses the methods in turn. HOW:
 * "again": for SECONDS, a new call after each reply; "once": until all have replies, SECONDS at
 * most; "deaf": for SECONDS, as fast as possible, without reading replies. ARGUMENT: s:TEXT,
 * u:NUMBER, or x:NUMBER, a text of NUMBER letters. Prints a JSON object: calls, answers
 * (replies), limits (how many of these are errors about a limit), errors (other errors), error
 * (the text of the last about a limit), slowest (the slowest reply, in ms).
 */
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 256

static struct {
	sd_event *event;
	char **arguments;
	char *method[8];
	unsigned int n_methods;
	unsigned int depth;
	bool again;
	unsigned long calls, answers, limits, errors;
	uint64_t slowest;
	char error[256];
} the;

struct call {
	uint64_t start;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "fakecaller: %s: %s\n", what, strerror(-r));
	exit(1);
}

static int append_argument(sd_bus_message *m, const char *text)
{
	char *many;
	size_t n;
	int r;

	if (*text == 'u')
		return sd_bus_message_append(m, "u", (uint32_t)atoi(text + 2));
	if (*text == 's')
		return sd_bus_message_append(m, "s", text + 2);
	n = strtoul(text + 2, NULL, 10);
	many = malloc(n + 1);
	if (!many)
		return -ENOMEM;
	memset(many, 'x', n);
	many[n] = 0;
	r = sd_bus_message_append(m, "s", many);
	free(many);
	return r;
}

static sd_bus_message *make_call(sd_bus *bus)
{
	sd_bus_message *m = NULL;
	char **argument;

	must(sd_bus_message_new_method_call(bus, &m, "org.ddekit", "/org/ddekit/Manager1",
					    "org.ddekit.Manager1",
					    the.method[the.calls++ % the.n_methods]),
	     "call");
	sd_bus_message_set_allow_interactive_authorization(m, 1);
	for (argument = the.arguments; *argument; argument++)
		must(append_argument(m, *argument), "argument");
	return m;
}

static void send_call(sd_bus *bus);

static int on_answer(sd_bus_message *m, void *arg, sd_bus_error *ret_error)
{
	const sd_bus_error *error = sd_bus_message_get_error(m);
	struct call *call = arg;
	uint64_t took = now_ns() - call->start;

	if (took > the.slowest)
		the.slowest = took;
	free(call);
	the.answers++;
	if (error && sd_bus_error_has_name(error, SD_BUS_ERROR_LIMITS_EXCEEDED)) {
		the.limits++;
		snprintf(the.error, sizeof(the.error), "%s", error->message);
	} else if (error) {
		the.errors++;
	}
	if (the.again)
		send_call(sd_bus_message_get_bus(m));
	else if (the.answers == the.calls)
		sd_event_exit(the.event, 0);
	return 1;
}

static void send_call(sd_bus *bus)
{
	sd_bus_message *m = make_call(bus);
	struct call *call = malloc(sizeof(*call));

	call->start = now_ns();
	must(sd_bus_call_async(bus, NULL, m, on_answer, call, UINT64_MAX), "send");
	sd_bus_message_unref(m);
}

static sd_bus *connect_to_bus(void)
{
	sd_bus *bus = NULL;
	const char *name;

	must(sd_bus_open_system(&bus), "connect");
	must(sd_bus_get_unique_name(bus, &name), "hello");
	return bus;
}

/* Sends calls and does not read the replies. */
static void flood_bus(sd_bus **bus, unsigned int n, uint64_t end)
{
	unsigned int i;

	for (i = 0; now_ns() < end; i = (i + 1) % n) {
		sd_bus_message *m = make_call(bus[i]);

		must(sd_bus_send(bus[i], m, NULL), "send");
		must(sd_bus_flush(bus[i]), "send");
		sd_bus_message_unref(m);
	}
}

static void set_user(uid_t uid)
{
	if (!uid)
		return;
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		must(-errno, "another user");
}

static void call_all(sd_bus **bus, unsigned int n, uint64_t usec)
{
	unsigned int i, k;

	must(sd_event_default(&the.event), "event loop");
	must(sd_event_add_time_relative(the.event, NULL, CLOCK_MONOTONIC, usec, 0, NULL, NULL),
	     "timer");
	for (i = 0; i < n; i++) {
		must(sd_bus_attach_event(bus[i], the.event, 0), "event loop");
		for (k = 0; k < the.depth; k++)
			send_call(bus[i]);
	}
	must(sd_event_loop(the.event), "event loop");
}

int main(int argc, char **argv)
{
	sd_bus *bus[MAX_CONNECTIONS];
	unsigned int i, n;
	double seconds;
	char *method;

	if (argc < 7)
		return 2;
	seconds = atof(argv[2]);
	n = atoi(argv[3]);
	the.depth = atoi(argv[4]);
	the.again = !strcmp(argv[5], "again");
	for (method = strtok(argv[6], ","); method && the.n_methods < 8; method = strtok(NULL, ","))
		the.method[the.n_methods++] = method;
	the.arguments = argv + 7;
	set_user(atoi(argv[1]));
	for (i = 0; i < n && i < MAX_CONNECTIONS; i++)
		bus[i] = connect_to_bus();
	if (strcmp(argv[5], "deaf"))
		call_all(bus, i, (uint64_t)(seconds * 1e6));
	else
		flood_bus(bus, i, now_ns() + (uint64_t)(seconds * 1e9));
	printf("{\"calls\":%lu,\"answers\":%lu,\"limits\":%lu,\"errors\":%lu,\"error\":\"%s\","
	       "\"slowest\":%.1f}\n",
	       the.calls, the.answers, the.limits, the.errors, the.error, the.slowest / 1e6);
	fflush(stdout);
	_exit(0); /* while calls are pending */
}
