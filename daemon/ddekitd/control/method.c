/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files with methods share; see method.h. */
#include <errno.h>

#include "method.h"
#include "protocol/control.h"

int method_no_device(sd_bus_error *error, const char *name)
{
	return sd_bus_error_setf(error, CONTROL_ERROR_NO_DEVICE, "no device %.64s; see ddectl list",
				 name);
}

int method_error(sd_bus_error *error, const char *name, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	str_make_utf8(copy);
	return sd_bus_error_set(error, name, copy);
}

int method_bad_config(sd_bus_error *error, const char *why, int r)
{
	if (r == -ENOMEM || !why)
		return r;
	return method_error(error, CONTROL_ERROR_CONFIG, why);
}

int method_read_device(sd_bus_message *msg, const struct interface *i, struct device **ret,
		       sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_read(msg, "s", &name);

	if (r < 0)
		return r;
	*ret = manager_lookup(i->manager, name);
	return *ret ? 1 : method_no_device(error, name);
}

char *method_json_text(struct json_object *json)
{
	const char *text = NULL;
	char *copy;

	if (json)
		text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
	copy = text ? strdup(text) : NULL;
	if (copy)
		str_make_utf8(copy);
	json_object_put(json);
	return copy;
}

int method_reply_json(sd_bus_message *msg, struct json_object *json)
{
	_cleanup_free_ char *text = method_json_text(json);

	return text ? sd_bus_reply_method_return(msg, "s", text) : -ENOMEM;
}
