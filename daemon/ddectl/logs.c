/* SPDX-License-Identifier: GPL-2.0-only */
/* logs: the last lines of a driver's log. */
#include <time.h>

#include "ddectl.h"

static void print_log_line(uint64_t usec, int level, const char *text)
{
	time_t seconds = usec / 1000000;
	char stamp[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
	printf("%s.%03llu <%d> %s\n", stamp, (unsigned long long)(usec / 1000 % 1000), level,
	       text);
}

static struct json_object *log_object(uint64_t usec, int level, const char *text)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "usec", json_object_new_uint64(usec));
	json_object_object_add(o, "level", json_object_new_int(level));
	json_object_object_add(o, "text", json_object_new_string(text));
	return o;
}

static int print_logs(sd_bus_message *reply, bool json, uint32_t priority)
{
	struct json_object *list = json ? json_object_new_array() : NULL;
	const char *text;
	uint64_t usec;
	int32_t level;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "(tis)");
	while (r >= 0 && (r = sd_bus_message_read(reply, "(tis)", &usec, &level, &text)) > 0) {
		if (level > (int32_t)priority)
			continue;
		if (json)
			json_object_array_add(list, log_object(usec, level, text));
		else
			print_log_line(usec, level, text);
	}
	if (json && r >= 0)
		print_json(list);
	json_object_put(list);
	return r;
}

int cmd_logs(const struct options *o)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	struct client *c;
	sd_bus *bus;
	int code, r;

	code = client_open(o, &c);
	if (code)
		return code;
	code = client_find(c, o->argv[0], &bus);
	if (!code) {
		r = sd_bus_call_method(bus, CONTROL_SERVICE, CONTROL_PATH, CONTROL_INTERFACE,
				       "GetLogs", &error, &reply, "su", o->argv[0], o->lines);
		if (r >= 0)
			r = print_logs(reply, o->json, o->priority);
		code = r < 0 ? client_error(r, &error) : EXIT_OK;
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	client_close(c);
	return code;
}
