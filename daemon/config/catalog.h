/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plugin catalogue: NAME.json beside NAME.so in the plugin folder (schema in
 * drivers/README.md).  Nothing is cached: a plugin built a moment ago is seen.
 *
 * Plugins fit one flavour of the runtime: those for "up", one CPU, are in the
 * plugin folder itself, others in a folder below that has the name of the flavour:
 * "smp", "up+debug", "smp+debug".
 */
#ifndef DDEKITD_CATALOG_H
#define DDEKITD_CATALOG_H

#include <json-c/json.h>

#include "lib/util.h"

struct plugin {
	char *name;
	char *kind;               /* "driver", "bridge", "module" */
	char *class;              /* "net", …; "" for a module */
	char *bus;                /* "ata", …; "" for what has no disks */
	struct strv modules;      /* file names in load order */
	struct strv aliases;      /* modalias patterns */
	struct json_object *json; /* the whole file, for display; catalog_read_all()
					 * adds "flavours": ["up", "smp"] or the like */
};

struct catalog {
	char *dir;
	struct plugin **plugin; /* sorted by name */
	size_t n;
	struct strv errors; /* "file: what is wrong" of files left out */
};

/**
 * catalog_read - read all plugin descriptions of a folder
 * Files that are damaged or of another schema are left out and named in
 * @ret->errors. @ret: zero-initialised; to be finished in any case.
 * Return: 0; -ENOENT and other errors of the folder; -ENOMEM.
 */
int catalog_read(const char *dir, struct catalog *ret);
/* Likewise, of all flavours: a plugin that is there for several is listed once.
 * No plugins of a flavour other than "up" is not an error. */
int catalog_read_all(const char *dir, struct catalog *ret);
/* Where the plugins of a flavour are; to be freed. NULL: no memory. */
char *catalog_folder(const char *dir, const char *flavour);
void catalog_finish(struct catalog *catalog);
struct plugin *catalog_find(const struct catalog *catalog, const char *name);
/* The driver for a modalias: of several the one with the fewest wildcards,
 * then with the longest pattern. */
struct plugin *catalog_match(const struct catalog *catalog, const char *modalias);
/* The bridge of a class; NULL: none. */
struct plugin *catalog_bridge(const struct catalog *catalog, const char *class);
/* Does the driver list the device? (driver= given by name may differ) */
bool plugin_matches(const struct plugin *plugin, const char *modalias);
/* Names of all drivers, ", " between; to be freed. "none" if there is none. */
char *catalog_driver_names(const struct catalog *catalog);

#endif
