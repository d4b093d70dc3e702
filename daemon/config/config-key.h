/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of keys, for config-key.c, which sets them, and config-print.c. */
#ifndef DDEKITD_CONFIG_KEY_H
#define DDEKITD_CONFIG_KEY_H

#include "config.h"

enum key_type {
	KEY_NAME, /* letters, digits, - and _ */
	KEY_PATH, /* absolute */
	KEY_IFNAME,
	KEY_VERSION, /* of a kernel */
	KEY_TEXT,    /* not empty */
	KEY_WORDS,   /* list, may go on in indented lines */
	KEY_SIZE,
	KEY_TIME,
	KEY_UINT,
	KEY_BOOL,
	KEY_CHOICE, /* one of two words; an enum */
};

struct key {
	const char *name;
	enum key_type type;
	size_t offset;
	uint64_t min, max;   /* of numbers */
	const char *allowed; /* for messages */
};

extern const struct key config_device_table[];
extern const size_t config_device_table_n;
extern const struct key config_global_table[];
extern const size_t config_global_table_n;

/* Fills in the defaults of driver, backend and ifname.
 * Return: 0, -EINVAL with *ret_why, -ENOMEM. */
int config_complete_strings(struct device_config *dev, char **ret_why);

#endif
