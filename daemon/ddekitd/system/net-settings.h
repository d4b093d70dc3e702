/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of an interface: name, MTU, MAC, addresses, routes, and whether it is up.
 * Saved from the kernel's interface before the device is claimed; applied to the interface
 * that replaces it, and to the kernel's once that is back.
 */
#ifndef DDEKITD_NET_SETTINGS_H
#define DDEKITD_NET_SETTINGS_H

#include <json-c/json.h>

#include "lib/util.h"

struct netsave;

enum netsave_part {
	NETSAVE_NAME = 1,
	NETSAVE_MTU = 2,
	NETSAVE_MAC = 4, /* if it was not the card's own */
	NETSAVE_UP = 8,  /* with addresses and routes */
	NETSAVE_ALL = 15,
};

/* Of an interface of the daemon's namespace. Return: 0, -ENODEV, -ENOMEM, -errno. */
int netsave_read(const char *ifname, struct netsave **ret);
void netsave_free(struct netsave *save); /* NULL is fine */
const char *netsave_name(const struct netsave *save);
/* Its index when it was saved. */
unsigned int netsave_ifindex(const struct netsave *save);

/**
 * netsave_apply - apply them to another interface
 * @parts:  of enum netsave_part
 * @errors: "what: why" is added for each setting that could not be applied
 * Goes on after errors. Return: how many were applied, -ENOMEM.
 */
int netsave_apply(const struct netsave *save, int ifindex, unsigned int parts, struct strv *errors);

/* For the next ddekitd; the object is to be put. NULL: no memory. */
struct json_object *netsave_to_json(const struct netsave *save);
/* Return: 0, -EINVAL, -ENOMEM. */
int netsave_from_json(struct json_object *json, struct netsave **ret);

#endif
