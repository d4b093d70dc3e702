/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files with methods of org.ddekit.Manager1 share. */
#ifndef DDEKITD_METHODS_H
#define DDEKITD_METHODS_H

#include <json-c/json.h>

#include "bus.h"
#include "hostproc.h"

/* Sets the error of a device that is not there, of a bad configuration (text or
 * errno). Return: -errno. */
int method_no_device(sd_bus_error *error, const char *name);
int method_bad_config(sd_bus_error *error, const char *why, int r);
/* Reads the first argument, a device. Return: 1, -errno with @error set. */
int method_read_device(sd_bus_message *msg, struct manager *m, struct device **ret,
		       sd_bus_error *error);
/* Answers with JSON and drops the object. */
int method_reply_json(sd_bus_message *msg, struct json_object *json);

/* A method that waits for its host's reply.  The device is there as long as its
 * host, and the request ends with the host. */
struct host_call {
	sd_bus_message *msg;
	struct device *dev;
	char what[80];		/* the text up to its first "=", for errors */
};

/* Asks the driver host of a device that is up; fn answers msg and ends the call. Return: 1;
 * -errno with @error set. */
int method_call_host(sd_bus_message *msg, struct device *dev, enum proto_op op, const char *text,
		     host_reply_fn fn, sd_bus_error *error);
void method_end_call(struct host_call *call);

/* devpage.c */
int method_get_device_page(sd_bus_message *msg, void *arg, sd_bus_error *error);

/* bind.c */
int method_bind(sd_bus_message *msg, void *arg, sd_bus_error *error);
int method_unbind(sd_bus_message *msg, void *arg, sd_bus_error *error);
int method_plan_bind(sd_bus_message *msg, void *arg, sd_bus_error *error);

#endif
