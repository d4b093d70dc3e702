/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections to the daemons, calls, waiting for a state. */
#ifndef DDECTL_CLIENT_H
#define DDECTL_CLIENT_H

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "options.h"
#include "protocol/control.h"

struct client;

/* Connects to one daemon, or to all that have a socket in the runtime folder.
 * Prints what is wrong. Return: 0, exit code. */
int client_open(const struct options *o, struct client **ret);
void client_close(struct client *c);
size_t client_count(const struct client *c);
/* The bus of the i-th daemon. */
sd_bus *client_bus(const struct client *c, size_t i);
/* Does something with the device named by the first argument, on the bus of the daemon that
 * has it. Return: exit code. */
int client_with_device(const struct options *o, int (*fn)(const struct options *o, sd_bus *bus));
/* The daemon that has the device, by its name. Return: 0, exit code (printed). */
int client_find(struct client *c, const char *device, sd_bus **ret);
/* The same, or the first if none has it. */
sd_bus *client_find_or_first(struct client *c, const char *device);
/* Says so on stderr if a daemon does not run with its file. */
void client_warn_config(const struct client *c);
/* Calls a method that answers with JSON text. Return: 0, exit code (printed). */
int client_json(sd_bus *bus, const char *method, const char *device, struct json_object **ret);
/* The same of the device o->argv[0], by the daemon that has it. */
int client_device_json(const struct options *o, const char *method, struct json_object **ret);
/* Adds bind's settings, a{ss}, to a message. Return: 0, -errno. */
int client_add_settings(sd_bus_message *msg, const struct settings *s);
/* CONTROL_BIND_* of the options. */
uint32_t client_bind_flags(const struct options *o);
/* Prints the error of a call. Return: its exit code. */
int client_error(int r, const sd_bus_error *error);

/* Waits for a device's states. */
struct waiter;
int waiter_open(sd_bus *bus, struct waiter **ret);
/* Until the device is in state goal ("up", "configured") or failed, or, for
 * "configured", gone. Progress is printed every 2 s. Return: exit code. */
#define GOAL_KEPT "kept" /* up, and no longer on trial; EXIT_FAILED: it went back */
int waiter_wait(struct waiter *w, const char *bdf, const char *goal, const struct options *o);
void waiter_close(struct waiter *w);

#endif
