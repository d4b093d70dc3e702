/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands bind, unbind, restart, reload, monitor and check. */
#include <errno.h>

#include "config/config.h"
#include "client/client.h"
#include "client/output.h"
#include "change.h"
#include "plan.h"

/* One line: what was and what is. */
static void print_change(const struct options *o, const char *bdf, const char *before,
			 const char *after)
{
	struct json_object *json;

	if (!o->json) {
		printf("%s: %s -> %s\n", bdf, before, after);
		return;
	}
	json = json_object_new_object();
	json_object_object_add(json, "bdf", json_object_new_string(bdf));
	json_object_object_add(json, "before", json_object_new_string(before));
	json_object_object_add(json, "after", json_object_new_string(after));
	print_json(json);
	json_object_put(json);
}

/* "up (e1000e, dde1s0)", "up (nvme)" */
static char *describe_state(sd_bus *bus, const char *bdf, const char *state)
{
	struct json_object *status;
	const char *interface;
	char *text;

	if (strcmp(state, "up") || client_json(bus, "GetStatus", bdf, &status))
		return strdup(state);
	interface = json_text(status, "interface");
	text = str_format("%s (%s%s%s)", state, json_text(status, "driver"), interface ? ", " : "",
			  interface ? interface : "");
	json_object_put(status);
	return text;
}

/* Reads the reply "ss", or "sss" with a note, of a change and waits for its outcome. */
static int follow_change(const struct options *o, sd_bus *bus, sd_bus_message *reply,
			 struct waiter *waiter, const char *goal)
{
	_cleanup_free_ char *after = NULL;
	const char *before, *bdf, *note = "";
	int code, r = sd_bus_message_read(reply, "ss", &before, &bdf);

	if (r >= 0 && sd_bus_message_has_signature(reply, "sss"))
		r = sd_bus_message_read(reply, "s", &note);
	if (r < 0)
		return client_error(r, NULL);
	if (*note)
		fprintf(stderr, "ddectl: %s: %s\n", bdf, note);
	if (o->no_wait) {
		print_change(o, bdf, before, "requested");
		return EXIT_OK;
	}
	code = waiter_wait(waiter, bdf, goal, o);
	if (code == EXIT_OK)
		after = describe_state(bus, bdf, strcmp(goal, GOAL_KEPT) ? goal : "up");
	else if (code == EXIT_DEVICE_FAILED)
		after = strdup("failed");
	if (after)
		print_change(o, bdf, before, after);
	return code;
}

static bool has_flags(const char *method)
{
	return !strcmp(method, "Bind") || !strcmp(method, "Unbind") || !strcmp(method, "Switch");
}

static bool has_settings(const char *method)
{
	return !strcmp(method, "Bind") || !strcmp(method, "RestartInPlace") ||
	       !strcmp(method, "Switch");
}

/* Calls Bind, Switch, Unbind or Restart and follows it. */
static int change(const struct options *o, sd_bus *bus, const char *method, const char *goal)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *msg = NULL, *reply = NULL;
	struct waiter *waiter = NULL;
	int code, r;

	r = waiter_open(bus, &waiter);
	if (r >= 0)
		r = sd_bus_message_new_method_call(bus, &msg, CONTROL_SERVICE, CONTROL_PATH,
						   CONTROL_INTERFACE, method);
	if (r >= 0)
		r = sd_bus_message_append(msg, "s", o->argv[0]);
	if (r >= 0 && has_settings(method))
		r = client_add_settings(msg, &o->settings);
	if (r >= 0 && has_flags(method))
		r = sd_bus_message_append(msg, "u", client_bind_flags(o));
	if (r >= 0 && !strcmp(method, "Switch"))
		r = sd_bus_message_append(msg, "u", o->trial_ms);
	if (r >= 0)
		r = sd_bus_call(bus, msg, 0, &error, &reply);
	code = r < 0 ? client_error(r, &error) : follow_change(o, bus, reply, waiter, goal);
	waiter_close(waiter);
	sd_bus_error_free(&error);
	sd_bus_message_unref(msg);
	sd_bus_message_unref(reply);
	return code;
}

int cmd_bind(const struct options *o)
{
	struct client *c;
	sd_bus *bus;
	int code;

	code = client_open(o, &c);
	if (code)
		return code;
	bus = client_find_or_first(c, o->argv[0]);
	code = o->dry_run ? print_plan(o, bus) : change(o, bus, "Bind", "up");
	client_close(c);
	return code;
}

static int call_unbind(const struct options *o, sd_bus *bus)
{
	return change(o, bus, "Unbind", "configured");
}

int cmd_unbind(const struct options *o)
{
	return client_with_device(o, call_unbind);
}

static int call_restart(const struct options *o, sd_bus *bus)
{
	return change(o, bus, o->in_place ? "RestartInPlace" : "Restart", "up");
}

int cmd_restart(const struct options *o)
{
	return client_with_device(o, call_restart);
}

static int call_switch(const struct options *o, sd_bus *bus)
{
	return change(o, bus, "Switch", GOAL_KEPT);
}

int cmd_switch(const struct options *o)
{
	return client_with_device(o, call_switch);
}

int cmd_reload(const struct options *o)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct client *c;
	size_t i;
	int r, code = client_open(o, &c);

	if (code)
		return code;
	for (i = 0; i < client_count(c); i++) {
		r = sd_bus_call_method(client_bus(c, i), CONTROL_SERVICE, CONTROL_PATH,
				       CONTROL_INTERFACE, "Reload", &error, NULL, "");
		if (r < 0)
			code = client_error(r, &error);
		sd_bus_error_free(&error);
	}
	client_close(c);
	return code;
}

static int call_monitor(const struct options *o, sd_bus *bus)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *text;
	int code = EXIT_OK, r;

	r = sd_bus_call_method(bus, CONTROL_SERVICE, CONTROL_PATH, CONTROL_INTERFACE, "Monitor",
			       &error, &reply, "sss", o->argv[0], o->argv[1],
			       o->argc > 2 ? o->argv[2] : "");
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &text);
	if (r < 0)
		code = client_error(r, &error);
	else if (*text)
		puts(text);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return code;
}

int cmd_monitor(const struct options *o)
{
	return client_with_device(o, call_monitor);
}

/* ---- check ------------------------------------------------------------------ */

static void print_check(const struct options *o, const char *path, const struct config *config,
			const struct strv *errors, int r)
{
	struct json_object *json, *list;
	size_t i;

	if (!o->json) {
		for (i = 0; i < errors->n; i++)
			fprintf(stderr, "%s\n", errors->item[i]);
		if (r == -ENOENT)
			fprintf(stderr, "ddectl: %s: no such file; see devices.conf(5)\n", path);
		if (!r)
			printf("%s: %zu devices, no errors\n", path, config->n_devices);
		return;
	}
	json = json_object_new_object();
	list = json_object_new_array();
	for (i = 0; i < errors->n; i++)
		json_object_array_add(list, json_object_new_string(errors->item[i]));
	json_object_object_add(json, "file", json_object_new_string(path));
	json_object_object_add(json, "found", json_object_new_boolean(r != -ENOENT));
	json_object_object_add(json, "devices", json_object_new_int(config->n_devices));
	json_object_object_add(json, "errors", list);
	print_json(json);
	json_object_put(json);
}

int cmd_check(const struct options *o)
{
	const char *path = o->argc ? o->argv[0] : CONFIG_FILE;
	struct config config = { 0 };
	struct strv errors = { 0 };
	int r = config_load(&config, path, &errors);

	print_check(o, path, &config, &errors, r);
	strv_finish(&errors);
	config_finish(&config);
	return r < 0 ? EXIT_BAD_CONFIG : EXIT_OK;
}
