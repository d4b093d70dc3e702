/* SPDX-License-Identifier: GPL-2.0-only */
/* bind --dry-run: what a bind would do, and why it would fail. */
#include "client/output.h"
#include "plan.h"

static void print_each(struct json_object *plan, const char *key, const char *title)
{
	struct json_object *list, *one;
	size_t i;

	if (!json_object_object_get_ex(plan, key, &list))
		return;
	for (i = 0; i < json_object_array_length(list); i++) {
		one = json_object_array_get_idx(list, i);
		if (json_object_is_type(one, json_type_string))
			print_field(i ? "" : title, json_object_get_string(one));
		else
			printf("  %-12s %s (%s)\n", i ? "" : title, json_text(one, "bdf"),
			       json_text(one, "driver") ? json_text(one, "driver") : "no driver");
	}
}

/* The text of the drop-in, a line under the other. */
static void print_file(struct json_object *plan)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;

	if (!json_text(plan, "file")) {
		print_field("file", "none: nothing is written down");
		return;
	}
	print_field("file", json_text(plan, "file"));
	text = strdup(json_text(plan, "text"));
	for (line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		printf("    %s\n", line);
}

static void print_text(struct json_object *plan)
{
	printf("%s  would be bound\n", json_text(plan, "bdf"));
	print_field("driver", json_text(plan, "driver"));
	print_field("backend", json_text(plan, "backend"));
	print_field("taken from", json_text(plan, "kernel_driver"));
	print_field("IOMMU group", json_text(plan, "iommu_group"));
	print_each(plan, "companions", "with");
	print_each(plan, "uses", "in use");
	print_file(plan);
	print_each(plan, "problems", "problem");
}

static int show_plan(const struct options *o, const char *text)
{
	struct json_object *plan = json_tokener_parse(text), *problems;
	int code = EXIT_FAILED;

	if (!plan)
		return code;
	if (json_object_object_get_ex(plan, "problems", &problems) &&
	    !json_object_array_length(problems))
		code = EXIT_OK;
	if (o->json)
		print_json(plan);
	else
		print_text(plan);
	json_object_put(plan);
	return code;
}

int print_plan(const struct options *o, sd_bus *bus)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *msg = NULL, *reply = NULL;
	const char *text = NULL;
	int code, r;

	r = sd_bus_message_new_method_call(bus, &msg, CONTROL_SERVICE, CONTROL_PATH,
					   CONTROL_INTERFACE, "PlanBind");
	if (r >= 0)
		r = sd_bus_message_append(msg, "s", o->argv[0]);
	if (r >= 0)
		r = client_add_settings(msg, &o->settings);
	if (r >= 0)
		r = sd_bus_message_append(msg, "u", client_bind_flags(o));
	if (r >= 0)
		r = sd_bus_call(bus, msg, 0, &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &text);
	code = r < 0 ? client_error(r, &error) : show_plan(o, text);
	sd_bus_error_free(&error);
	sd_bus_message_unref(msg);
	sd_bus_message_unref(reply);
	return code;
}
