/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files with methods of org.ddekit.Manager1 share. */
#ifndef DDEKITD_METHOD_H
#define DDEKITD_METHOD_H

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "interface.h"

/* Sets the error of a device that is not there, of a bad configuration (text or
 * errno). Return: -errno. */
int method_no_device(sd_bus_error *error, const char *name);
int method_bad_config(sd_bus_error *error, const char *why, int r);
/* Reads the first argument, a device. Return: 1, -errno with @error set. */
int method_read_device(sd_bus_message *msg, const struct interface *i, struct device **ret,
		       sd_bus_error *error);
/* Answers with JSON and drops the object. */
/* A text of the JSON that D-Bus accepts, whatever the JSON is made of; moves it. To be freed;
 * NULL: no memory. */
char *method_json_text(struct json_object *json);
/* Sets an error with a text that may contain anything. Return: -errno. */
int method_error(sd_bus_error *error, const char *name, const char *text);
int method_reply_json(sd_bus_message *msg, struct json_object *json);

#endif
