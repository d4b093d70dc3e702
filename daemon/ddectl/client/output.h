/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON, lines and tables on stdout. */
#ifndef DDECTL_OUTPUT_H
#define DDECTL_OUTPUT_H

#include "lib/json.h"

void print_json(struct json_object *o);
/* Each on a line of its own; drops the object. */
void print_json_line(struct json_object *o);
/* A line of a device's or plugin's description; nothing if there is no value. */
void print_field(const char *name, const char *value);

struct table;
struct table *table_create(unsigned int columns, const char *const *names);
/* columns texts; NULL is shown as "-". */
void table_row(struct table *t, const char *const *cells);
/* Prints and destroys it. */
void table_print(struct table *t);

#endif
