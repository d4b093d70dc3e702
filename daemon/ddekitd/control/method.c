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

int method_bad_config(sd_bus_error *error, const char *why, int r)
{
	if (r == -ENOMEM || !why)
		return r;
	return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG, "%s", why);
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

int method_reply_json(sd_bus_message *msg, struct json_object *json)
{
	int r;

	if (!json)
		return -ENOMEM;
	r = sd_bus_reply_method_return(msg, "s",
				       json_object_to_json_string_ext(json,
								      JSON_C_TO_STRING_PLAIN));
	json_object_put(json);
	return r;
}
