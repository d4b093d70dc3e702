/* SPDX-License-Identifier: GPL-2.0-only */
/* logs: the last lines of a driver's log. */
#include <errno.h>
#include <time.h>

#include "show.h"

static void print_log_line(uint64_t usec, int level, const char *text)
{
	time_t seconds = usec / 1000000;
	char stamp[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	printf("%s.%03llu <%d> %s\n", stamp, (unsigned long long)(usec / 1000 % 1000), level, text);
}

static struct json_object *log_object(uint64_t usec, int level, const char *text)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "usec", json_object_new_uint64(usec));
	json_object_object_add(o, "level", json_object_new_int(level));
	json_object_object_add(o, "text", json_object_new_string(text));
	return o;
}

/* lines: each JSON object on a line of its own, not a list. */
static int print_logs(sd_bus_message *reply, bool json, bool lines, uint32_t priority)
{
	struct json_object *list = json && !lines ? json_object_new_array() : NULL;
	const char *text;
	uint64_t usec;
	int32_t level;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "(tis)");
	while (r >= 0 && (r = sd_bus_message_read(reply, "(tis)", &usec, &level, &text)) > 0) {
		if (level > (int32_t)priority)
			continue;
		if (list)
			json_object_array_add(list, log_object(usec, level, text));
		else if (json)
			print_json_line(log_object(usec, level, text));
		else
			print_log_line(usec, level, text);
	}
	if (list && r >= 0)
		print_json(list);
	json_object_put(list);
	return r;
}

/* ---- following ----------------------------------------------------------------- */

static int on_log_line(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct options *o = arg;
	const char *text;
	uint64_t usec;
	int32_t level;
	uint32_t lost;

	if (sd_bus_message_read(msg, "tisu", &usec, &level, &text, &lost) < 0)
		return 0;
	if (lost)
		fprintf(stderr, "ddectl: %u lines were lost\n", lost);
	if (level > (int32_t)o->priority)
		return 0;
	if (o->json)
		print_json_line(log_object(usec, level, text));
	else
		print_log_line(usec, level, text);
	return 0;
}

/* Until Ctrl-C, or the daemon ends. Return: exit code. */
static int follow_log(sd_bus *bus)
{
	int r;

	do {
		r = sd_bus_process(bus, NULL);
		if (!r && fflush(stdout))
			return EXIT_FAILED;
		if (!r)
			r = sd_bus_wait(bus, UINT64_MAX);
	} while (r >= 0 || r == -EINTR);
	fputs("ddectl: ddekitd has ended\n", stderr);
	return EXIT_NO_DAEMON;
}

static int print_and_follow(const struct options *o, sd_bus *bus)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int code, r;

	/* Before the call: the first line may come with the answer. */
	r = !o->follow ? 0
		       : sd_bus_match_signal(bus, NULL, NULL, CONTROL_PATH, CONTROL_INTERFACE,
					     "LogLine", on_log_line, (void *)o);
	if (r >= 0)
		r = sd_bus_call_method(bus, CONTROL_SERVICE, CONTROL_PATH, CONTROL_INTERFACE,
				       o->follow ? "FollowLogs" : "GetLogs", &error, &reply, "su",
				       o->argv[0], o->lines);
	if (r >= 0)
		r = print_logs(reply, o->json, o->follow, o->priority);
	code = r < 0 ? client_error(r, &error) : EXIT_OK;
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return code == EXIT_OK && o->follow ? follow_log(bus) : code;
}

int cmd_logs(const struct options *o)
{
	return client_with_device(o, print_and_follow);
}
