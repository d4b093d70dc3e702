/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI ids of a claimed device: from sysfs when it is a real one, from QEMU's
 * monitor when it is emulated.
 */
#include <errno.h>
#include <json-c/json.h>

#include "lib/json.h"
#include "pci-id.h"

static int from_sysfs(struct ddekit_bdf bdf, char *buf, size_t size)
{
	char path[96], text[DDEKIT_BDF_STRLEN], line[128];
	_cleanup_fclose_ FILE *file = NULL;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/modalias",
		 ddekit_bdf_format(bdf, text));
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (!fgets(line, sizeof(line), file))
		return -EIO;
	line[strcspn(line, "\n")] = 0;
	if (strlen(line) >= size)
		return -ENAMETOOLONG;
	memcpy(buf, line, strlen(line) + 1);
	return 0;
}

static int write_alias(struct json_object *dev, char *buf, size_t size)
{
	struct json_object *id, *class;
	char text[96];
	int64_t c;

	if (!json_object_object_get_ex(dev, "id", &id) ||
	    !json_object_object_get_ex(dev, "class_info", &class))
		return -ENODATA;
	c = json_number(class, "class");
	snprintf(text, sizeof(text), "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		 (unsigned int)json_number(id, "vendor"), (unsigned int)json_number(id, "device"),
		 (unsigned int)json_number(id, "subsystem-vendor"),
		 (unsigned int)json_number(id, "subsystem"), (unsigned int)(c >> 8) & 0xff,
		 (unsigned int)c & 0xff, 0);
	if (strlen(text) >= size)
		return -ENAMETOOLONG;
	memcpy(buf, text, strlen(text) + 1);
	return 0;
}

/* The first function behind a bridge: that is where the backend puts it. */
static struct json_object *behind_bridge(struct json_object *devices)
{
	struct json_object *dev, *bridge, *inner;
	size_t i;

	if (!json_object_is_type(devices, json_type_array))
		return NULL;
	for (i = 0; i < json_object_array_length(devices); i++) {
		dev = json_object_array_get_idx(devices, i);
		if (json_object_object_get_ex(dev, "pci_bridge", &bridge) &&
		    json_object_object_get_ex(bridge, "devices", &inner) &&
		    json_object_is_type(inner, json_type_array) && json_object_array_length(inner))
			return json_object_array_get_idx(inner, 0);
	}
	return NULL;
}

static int from_monitor(struct ddekit_claim *claim, char *buf, size_t size)
{
	struct json_object *json, *bus, *devices, *dev = NULL;
	_cleanup_free_ char *reply = NULL;
	size_t i;
	int r = ddekit_claim_monitor(claim, "query-pci", NULL, &reply);

	if (r < 0)
		return r == -EOPNOTSUPP ? -ENODATA : r;
	json = reply ? json_tokener_parse(reply) : NULL;
	if (json_object_is_type(json, json_type_array)) {
		for (i = 0; i < json_object_array_length(json) && !dev; i++) {
			bus = json_object_array_get_idx(json, i);
			if (json_object_object_get_ex(bus, "devices", &devices))
				dev = behind_bridge(devices);
		}
	}
	r = dev ? write_alias(dev, buf, size) : -ENODATA;
	json_object_put(json);
	return r;
}

int pciid_modalias(struct ddekit_bdf bdf, struct ddekit_claim *claim, char *buf, size_t size)
{
	int r = from_monitor(claim, buf, size);

	return r == -ENODATA ? from_sysfs(bdf, buf, size) : r;
}
