/* SPDX-License-Identifier: GPL-2.0-only */
/* An object with properties for each device; see objects.h. */
#include <errno.h>

#include "objects.h"
#include "protocol/control.h"

static struct device *device_at(struct manager *m, const char *path)
{
	_cleanup_free_ char *name = NULL;
	struct ddekit_bdf bdf;

	if (sd_bus_path_decode(path, CONTROL_DEVICE_PATH, &name) <= 0 ||
	    ddekit_bdf_parse(name, &bdf) < 0)
		return NULL;
	return manager_find(m, bdf);
}

static int find_object(sd_bus *bus, const char *path, const char *interface, void *arg, void **ret,
		       sd_bus_error *error)
{
	struct device *dev = device_at(arg, path);

	if (!dev)
		return 0;
	*ret = dev;
	return 1;
}

static int enumerate(sd_bus *bus, const char *prefix, void *arg, char ***ret, sd_bus_error *error)
{
	struct manager *m = arg;
	char **paths = calloc(m->n_devices + 1, sizeof(*paths));
	size_t i;
	int r = paths ? 0 : -ENOMEM;

	for (i = 0; i < m->n_devices && r >= 0; i++)
		r = sd_bus_path_encode(CONTROL_DEVICE_PATH, device_bdf_text(m->device[i]),
				       &paths[i]);
	if (r >= 0) {
		*ret = paths;
		return 1;
	}
	for (i = 0; paths && paths[i]; i++)
		free(paths[i]);
	free(paths);
	return r;
}

/* Texts; empty if there is none. */
static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	const struct device *dev = arg;
	_cleanup_free_ char *copy = NULL;
	const char *text = NULL;

	if (!strcmp(property, "BDF"))
		text = device_bdf_text(dev);
	else if (!strcmp(property, "State"))
		text = device_state_name(device_state(dev));
	else if (!strcmp(property, "Driver"))
		text = device_driver(dev);
	else if (!strcmp(property, "Backend"))
		text = device_config(dev)->backend;
	else if (!strcmp(property, "Interface"))
		text = device_interface(dev);
	else if (!strcmp(property, "Error"))
		text = device_error(dev);
	else if (!strcmp(property, "LastFailure"))
		text = device_last_failure(dev);
	copy = strdup(text ? text : "");
	if (!copy)
		return -ENOMEM;
	str_make_utf8(copy);
	return sd_bus_message_append(reply, "s", copy);
}

static int get_link(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	struct device_link link = { 0 };

	device_link(arg, &link);
	return sd_bus_message_append(reply, "b", link.up);
}

static int get_restarts(sd_bus *bus, const char *path, const char *interface, const char *property,
			sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	const struct device *dev = arg;

	return sd_bus_message_append(reply, "t", device_outage(dev)->restarts);
}

/* PropertiesChanged covers State and Error; clients must read the others. */
static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("BDF", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("State", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Error", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Driver", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Backend", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Interface", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("LastFailure", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Link", "b", get_link, 0, 0),
	SD_BUS_PROPERTY("Restarts", "t", get_restarts, 0, 0),
	SD_BUS_VTABLE_END,
};

int objects_register(sd_bus *connection, struct manager *m)
{
	int r = sd_bus_add_fallback_vtable(connection, NULL, CONTROL_DEVICE_PATH,
					   CONTROL_DEVICE_INTERFACE, vtable, find_object, m);

	return r < 0 ? r
		     : sd_bus_add_node_enumerator(connection, NULL, CONTROL_DEVICE_PATH, enumerate,
						  m);
}
