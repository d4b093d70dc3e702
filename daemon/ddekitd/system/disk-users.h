/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who has a disk of a device open.  Looking that up opens the disk, and so may wait for
 * whoever serves it: it is done in a thread.
 */
#ifndef DDEKITD_DISK_USERS_H
#define DDEKITD_DISK_USERS_H

#include <systemd/sd-event.h>

#include <ddekit/pci.h>

#include "lib/job.h"
#include "lib/util.h"

/* A device that is checked. */
struct uses_entry {
	char bdf_text[DDEKIT_BDF_STRLEN];
	const char *change; /* the caller's */
	struct strv uses;   /* in words; at first those of NBD */
	struct strv nodes;  /* its block devices: "ublkb0" */
};

struct uses_check {
	struct uses_entry *entry;
	size_t n;
	int error;
	void (*done)(struct uses_check *check); /* in the event loop; owns the check */
	void *arg;
};

/* NULL: no memory. */
struct uses_check *uses_create(void (*done)(struct uses_check *check), void *arg);
void uses_free(struct uses_check *check); /* NULL is fine */
/* Adds a device, whose uses and nodes are for the caller to fill in: *ret is borrowed until
 * the next one. Return: 0, -ENOMEM. */
int uses_add(struct uses_check *check, const char *bdf_text, const char *change,
	     struct uses_entry **ret);
/* @jobs: NULL: a thread of its own. Return: as jobs_add(): the check is still the
 * caller's. */
int uses_start(struct uses_check *check, sd_event *event, struct jobs *jobs);
/* The same at once, of a struct uses_check; may block: only before the event loop runs. */
void uses_look(void *arg);
/* Of a check that is done: the first device that is in use. NULL: none. *ret_text: how, to
 * be freed. */
const struct uses_entry *uses_first(const struct uses_check *check, char **ret_text);

#endif
