/* SPDX-License-Identifier: GPL-2.0-only */
/* Columns and lines of output; see output.h. */
#include "lib/util.h"
#include "output.h"

void print_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
}

void print_json_line(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

void print_field(const char *name, const char *value)
{
	if (value && *value)
		printf("  %-12s %s\n", name, value);
}

struct table {
	unsigned int columns;
	struct strv cells; /* row by row, the names first */
};

struct table *table_create(unsigned int columns, const char *const *names)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = columns;
	table_row(t, names);
	return t;
}

void table_row(struct table *t, const char *const *cells)
{
	unsigned int i;

	for (i = 0; i < t->columns; i++)
		strv_add(&t->cells, cells[i] && *cells[i] ? cells[i] : "-");
}

static int column_width(const struct table *t, unsigned int column)
{
	size_t i, max = 0;

	for (i = column; i < t->cells.n; i += t->columns)
		if (strlen(t->cells.item[i]) > max)
			max = strlen(t->cells.item[i]);
	return max;
}

void table_print(struct table *t)
{
	unsigned int column;
	size_t i;

	for (i = 0; i < t->cells.n; i++) {
		column = i % t->columns;
		if (column + 1 < t->columns)
			printf("%-*s  ", column_width(t, column), t->cells.item[i]);
		else
			printf("%s\n", t->cells.item[i]);
	}
	strv_finish(&t->cells);
	free(t);
}
