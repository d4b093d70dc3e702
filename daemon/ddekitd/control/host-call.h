/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Methods that a driver host answers.  Equal calls at the same time are one request; an
 * answer is reused for 100 ms, unless something was written meanwhile or the host was
 * replaced.
 */
#ifndef DDEKITD_HOST_CALL_H
#define DDEKITD_HOST_CALL_H

#include <systemd/sd-bus.h>

#include "device/device.h"

struct host_call {
	const struct device *dev;
	char what[80]; /* the text up to its first "=", for errors */
};

/* What callers get: the error, or the bytes, or the text. */
struct host_answer {
	sd_bus_error error;
	uint8_t *bytes; /* malloc()ed, NULL: none */
	size_t n_bytes;
	char *text; /* likewise */
};

/* Makes an answer of a reply, which is borrowed; once, however many the callers are.
 * Return: 0; -errno, with or without ret->error set. */
typedef int (*host_answer_fn)(const struct host_call *call, const struct host_reply *reply,
			      struct host_answer *ret);

/* Requests something of the driver host of a device that is up, or finds that it was
 * requested just now, and answers the message. text: NULL: none. The same op and text
 * have the same fn. Return: 1; -errno with @error set. */
int hostcall_read(sd_bus_message *msg, struct device *dev, enum proto_op op, const char *text,
		  host_answer_fn fn, sd_bus_error *error);
/* The same for what changes something: each call is a request of its own. */
int hostcall_write(sd_bus_message *msg, struct device *dev, enum proto_op op, const char *text,
		   host_answer_fn fn, sd_bus_error *error);
/* Something changes in the host: earlier answers are no longer valid. */
void hostcall_changed(const struct host *host);

#endif
