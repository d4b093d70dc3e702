/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has a disk of a device open; see disk-users.h. */
#include <errno.h>

#include "in-use.h"
#include "disk-users.h"
#include "lib/folder.h"

/* ---- in the thread --------------------------------------------------------- */

/* A block device and its partitions. */
static int look_at_node(const char *name, struct strv *uses)
{
	_cleanup_free_ char *path = str_format("%s/class/block/%s", inuse_system.sys, name);
	struct strv names = { 0 };
	size_t i;
	int r = folder_names_if_any(path, &names);

	if (!r)
		r = inuse_disk(&inuse_system, name, uses);
	for (i = 0; i < names.n && !r; i++)
		if (!strncmp(names.item[i], name, strlen(name)))
			r = inuse_disk(&inuse_system, names.item[i], uses);
	strv_finish(&names);
	return r;
}

void uses_look(void *arg)
{
	struct uses_check *check = arg;
	size_t i, j;

	for (i = 0; i < check->n; i++)
		for (j = 0; j < check->entry[i].nodes.n && !check->error; j++)
			check->error = look_at_node(check->entry[i].nodes.item[j],
						    &check->entry[i].uses);
}

/* ---- in the event loop --------------------------------------------------------- */

struct uses_check *uses_create(void (*done)(struct uses_check *check), void *arg)
{
	struct uses_check *check = calloc(1, sizeof(*check));

	if (check)
		*check = (struct uses_check){ .done = done, .arg = arg };
	return check;
}

void uses_free(struct uses_check *check)
{
	size_t i;

	for (i = 0; check && i < check->n; i++) {
		strv_finish(&check->entry[i].uses);
		strv_finish(&check->entry[i].nodes);
	}
	if (check)
		free(check->entry);
	free(check);
}

int uses_add(struct uses_check *check, const char *bdf_text, const char *change,
	     struct uses_entry **ret)
{
	struct uses_entry *grown = realloc(check->entry, (check->n + 1) * sizeof(*grown)), *e;

	if (!grown)
		return -ENOMEM;
	check->entry = grown;
	e = &grown[check->n++];
	*e = (struct uses_entry){ .change = change };
	snprintf(e->bdf_text, sizeof(e->bdf_text), "%s", bdf_text);
	*ret = e;
	return 0;
}

static void uses_done(void *arg)
{
	struct uses_check *check = arg;

	check->done(check);
}

static const struct job_ops ops = { .work = uses_look, .done = uses_done };

int uses_start(struct uses_check *check, sd_event *event, struct jobs *jobs)
{
	return jobs ? jobs_add(jobs, &ops, check) : job_run(event, &ops, check);
}

const struct uses_entry *uses_first(const struct uses_check *check, char **ret_text)
{
	size_t i;

	for (i = 0; i < check->n; i++) {
		if (!check->entry[i].uses.n && !check->error)
			continue;
		*ret_text = check->entry[i].uses.n
				    ? strv_join(&check->entry[i].uses)
				    : str_format("not known: %s", strerror(-check->error));
		return &check->entry[i];
	}
	return NULL;
}
