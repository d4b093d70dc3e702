/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Bind and Unbind do to a device and to its drop-in.  A device that is bound for good
 * gets a drop-in (drop-in.h): staged by binding_perform(), committed once the device is up,
 * discarded if it fails.
 */
#ifndef DDEKITD_BINDING_H
#define DDEKITD_BINDING_H

#include "manager.h"

/* What a Bind is to do. */
struct binding {
	struct manager *m;
	struct device *dev;           /* NULL: not known yet */
	struct device_config *config; /* as it is to be; NULL once the device has it */
	int n_settings;
	uint32_t flags; /* CONTROL_BIND_* */
};

/* Why something is refused. Zero-initialised. */
struct refusal {
	const char *error; /* CONTROL_ERROR_*, NULL: the errno says all */
	char *text;        /* to be freed */
};

/* From now on the outcome of a bind decides about its drop-in. Return: 0, -ENOSPC. */
int binding_open(struct manager *m);
/* Is it possible in the device's present state? Return: 0, -errno with *ret_why. */
int binding_check(const struct binding *b, struct refusal *ret_why);
/* Is a drop-in to be written? */
bool binding_lasts(const struct binding *b);
/* Binds; the device is b->dev afterwards. Return: 0, -errno with *ret_why. */
int binding_perform(struct binding *b, struct refusal *ret_why);
/* Restarts the device with the settings on trial; see device_switch(). Return: 0, -errno with
 * *ret_why. */
int binding_switch(struct binding *b, uint32_t trial_ms, struct refusal *ret_why);
/* What the caller should know besides; to be freed. NULL: no memory. */
char *binding_note(const struct binding *b);
/* Unbinds: the device may be gone afterwards. *ret_note (NULL: none) as above. Return: 0,
 * -errno with *ret_why. */
int binding_end(struct manager *m, struct device *dev, uint32_t flags, char **ret_note,
		struct refusal *ret_why);

#endif
