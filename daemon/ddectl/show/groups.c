/* SPDX-License-Identifier: GPL-2.0-only */
/* list --group: IOMMU groups with all their devices, as a group is claimed as a whole. */
#include "show.h"

static struct json_object *find_member(struct json_object *list, const char *key, const char *value)
{
	struct json_object *one;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		one = json_object_array_get_idx(list, i);
		if (value && str_equal(json_text(one, key), value))
			return one;
	}
	return NULL;
}

/* Return: whether the group contains a device of ddekitd. */
static bool is_ours(struct json_object *machine, struct json_object *devices, const char *group)
{
	struct json_object *one;
	size_t i;

	for (i = 0; i < json_object_array_length(machine); i++) {
		one = json_object_array_get_idx(machine, i);
		if (str_equal(json_text(one, "iommu_group"), group) &&
		    find_member(devices, "bdf", json_text(one, "bdf")))
			return true;
	}
	return false;
}

static int by_group(const void *a, const void *b)
{
	struct json_object *x = *(struct json_object *const *)a;
	struct json_object *y = *(struct json_object *const *)b;
	int64_t d = json_number(x, "iommu_group") - json_number(y, "iommu_group");

	return d ? (d < 0 ? -1 : 1) : strcmp(json_text(x, "bdf"), json_text(y, "bdf"));
}

/* The machine's devices that are in a group that is asked for, each with the state
 * that ddekitd has it in. */
static struct json_object *collect_members(bool all, struct json_object *devices)
{
	struct json_object *machine = pci_devices(), *list = json_object_new_array(), *one, *dev;
	const char *group;
	size_t i;

	for (i = 0; i < json_object_array_length(machine); i++) {
		one = json_object_array_get_idx(machine, i);
		group = json_text(one, "iommu_group");
		dev = find_member(devices, "bdf", json_text(one, "bdf"));
		if (!group || (!all && !is_ours(machine, devices, group)))
			continue;
		json_object_object_add(one, "state",
				       dev ? json_object_new_string(json_text(dev, "state"))
					   : NULL);
		json_object_array_add(list, json_object_get(one));
	}
	json_object_array_sort(list, by_group);
	json_object_put(machine);
	return list;
}

void print_groups(const struct options *o, struct json_object *devices)
{
	static const char *const names[] = { "GROUP",         "PCI DEVICE", "ID",
					     "KERNEL DRIVER", "STATE",      "NAME" };
	struct json_object *list = collect_members(o->all, devices), *dev;
	struct table *t = o->json ? NULL : table_create(ARRAY_SIZE(names), names);
	size_t i;

	for (i = 0; t && i < json_object_array_length(list); i++) {
		dev = json_object_array_get_idx(list, i);
		table_row(t, (const char *const[]){
				     json_text(dev, "iommu_group"), json_text(dev, "bdf"),
				     json_text(dev, "id"), json_text(dev, "driver"),
				     json_text(dev, "state"), json_text(dev, "name") });
	}
	if (t)
		table_print(t);
	else
		print_json(list);
	json_object_put(list);
}
