/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands about a driver's modules: param, modules. */
#include <errno.h>

#include "show.h"

/* "a,b" of an array, a plain value's text; to be freed. NULL: nothing to show. */
static char *cell_text(struct json_object *value)
{
	struct text t = { 0 };
	size_t i;

	if (!json_object_is_type(value, json_type_array))
		return value ? strdup(json_object_get_string(value)) : NULL;
	for (i = 0; i < json_object_array_length(value); i++)
		if (text_add(&t, "%s%s", i ? "," : "",
			     json_object_get_string(json_object_array_get_idx(value, i))) < 0)
			break;
	return t.text;
}

/* Prints an array of objects as a table of some of their members. */
static void print_rows(struct json_object *list, const char *const *keys, const char *const *titles,
		       unsigned int n)
{
	struct table *t = table_create(n, titles);
	struct json_object *row;
	char *cells[8];
	unsigned int k;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		row = json_object_array_get_idx(list, i);
		for (k = 0; k < n; k++)
			cells[k] = cell_text(json_object_object_get(row, keys[k]));
		table_row(t, (const char *const *)cells);
		for (k = 0; k < n; k++)
			free(cells[k]);
	}
	table_print(t);
}

/* Shows what a method of the device answers, as JSON or as a table. */
static int show_list(const struct options *o, const char *method, const char *const *keys,
		     const char *const *titles, unsigned int n)
{
	struct json_object *list;
	int code = client_device_json(o, method, &list);

	if (code)
		return code;
	if (o->json)
		print_json(list);
	else
		print_rows(list, keys, titles, n);
	json_object_put(list);
	return EXIT_OK;
}

static int list_params(const struct options *o)
{
	static const char *const keys[] = { "parameter", "mode", "value" };
	static const char *const titles[] = { "PARAMETER", "MODE", "VALUE" };

	return show_list(o, "ListParameters", keys, titles, ARRAY_SIZE(keys));
}

static int print_parameter(const struct options *o, const char *name, const char *value)
{
	struct json_object *json;

	if (!o->json) {
		puts(value);
		return EXIT_OK;
	}
	json = json_object_new_object();
	json_object_object_add(json, "parameter", json_object_new_string(name));
	json_object_object_add(json, "value", json_object_new_string(value));
	print_json(json);
	json_object_put(json);
	return EXIT_OK;
}

/* Reads a parameter, having written it if there is a value. Return: exit code. */
static int access_param(const struct options *o, sd_bus *bus, const char *name, const char *value)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *text;
	int code = EXIT_OK, r = 0;

	if (value)
		r = sd_bus_call_method(bus, CONTROL_SERVICE, CONTROL_PATH, CONTROL_INTERFACE,
				       "SetParameter", &error, NULL, "sss", o->argv[0], name,
				       value);
	else
		r = sd_bus_call_method(bus, CONTROL_SERVICE, CONTROL_PATH, CONTROL_INTERFACE,
				       "GetParameter", &error, &reply, "ss", o->argv[0], name);
	if (r >= 0 && !value)
		r = sd_bus_message_read(reply, "s", &text);
	if (r < 0)
		code = client_error(r, &error);
	else if (!value)
		code = print_parameter(o, name, text);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return code;
}

/* The second argument is NAME or NAME=VALUE. */
static int one_param(const struct options *o, sd_bus *bus)
{
	_cleanup_free_ char *name = strdup(o->argv[1]);
	char *value;

	if (!name)
		return EXIT_FAILED;
	value = strchr(name, '=');
	if (value)
		*value++ = 0;
	return access_param(o, bus, name, value);
}

int cmd_param(const struct options *o)
{
	return o->argc < 2 ? list_params(o) : client_with_device(o, one_param);
}

int cmd_modules(const struct options *o)
{
	static const char *const keys[] = { "module", "bytes", "references", "users", "state" };
	static const char *const titles[] = { "MODULE", "BYTES", "USED", "BY", "STATE" };

	return show_list(o, "ListModules", keys, titles, ARRAY_SIZE(keys));
}
