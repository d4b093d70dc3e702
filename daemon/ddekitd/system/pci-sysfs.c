/* SPDX-License-Identifier: GPL-2.0-only */
/* A PCI device in sysfs; see pci-sysfs.h. */
#include <errno.h>
#include <limits.h>

#include "pci-sysfs.h"
#include "lib/folder.h"

static char *device_path(const char *root, const char *bdf, const char *file)
{
	return str_format("%s/bus/pci/devices/%s%s%s", root, bdf, *file ? "/" : "", file);
}

bool pcisys_present(const char *root, const char *bdf)
{
	_cleanup_free_ char *path = device_path(root, bdf, "");

	return path && !access(path, F_OK);
}

/* Last part of a link's target, to be freed. */
static char *link_name(const char *path)
{
	char target[PATH_MAX], *slash;
	ssize_t n = path ? readlink(path, target, sizeof(target) - 1) : -1;

	if (n < 0)
		return NULL;
	target[n] = 0;
	slash = strrchr(target, '/');
	return strdup(slash ? slash + 1 : target);
}

char *pcisys_driver(const char *root, const char *bdf)
{
	_cleanup_free_ char *path = device_path(root, bdf, "driver");

	return link_name(path);
}

/* First line of a file, to be freed. */
static char *read_line(const char *path)
{
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	char line[256];

	if (!f || !fgets(line, sizeof(line), f))
		return NULL;
	line[strcspn(line, "\n")] = 0;
	return strdup(line);
}

char *pcisys_modalias(const char *root, const char *bdf)
{
	_cleanup_free_ char *path = device_path(root, bdf, "modalias");

	return read_line(path);
}

int pcisys_group(const char *root, const char *bdf)
{
	_cleanup_free_ char *path = device_path(root, bdf, "iommu_group");
	_cleanup_free_ char *name = link_name(path);

	return name ? atoi(name) : -ENOENT;
}

/* PCI class 0604: bridges need no driver of ours. */
static bool is_bridge(const char *root, const char *bdf)
{
	_cleanup_free_ char *path = device_path(root, bdf, "class");
	_cleanup_free_ char *class = read_line(path);

	return class && !strncmp(class, "0x0604", 6);
}

int pcisys_companions(const char *root, const char *bdf, struct strv *list)
{
	_cleanup_free_ char *path = device_path(root, bdf, "iommu_group/devices");
	struct strv names = { 0 };
	size_t i;
	int r = folder_names_if_any(path, &names);

	for (i = 0; i < names.n && !r; i++)
		if (strcmp(names.item[i], bdf) && !is_bridge(root, names.item[i]))
			r = strv_add(list, names.item[i]);
	strv_finish(&names);
	return r;
}

/* Is the real path of a class's entry below the device? */
static bool is_below(const char *path, const char *bdf)
{
	_cleanup_free_ char *part = str_format("/%s/", bdf);
	_cleanup_free_ char *real = realpath(path, NULL);

	return part && real && strstr(real, part);
}

/* An NVMe namespace with several paths is below a virtual subsystem, which has
 * links to its controllers. */
static bool is_below_subsystem(const char *path, const char *bdf)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	char *at = real ? strstr(real, "/nvme-subsystem/") : NULL, *end;
	struct strv names = { 0 };
	bool found = false;
	size_t i;

	end = at ? strchr(at + strlen("/nvme-subsystem/"), '/') : NULL;
	if (!end)
		return false;
	*end = 0;
	folder_names(real, &names);
	for (i = 0; i < names.n && !found; i++) {
		_cleanup_free_ char *controller = str_format("%s/%s/", real, names.item[i]);

		found = controller && is_below(controller, bdf);
	}
	strv_finish(&names);
	return found;
}

static int list_class(const char *root, const char *bdf, const char *class, struct strv *list)
{
	_cleanup_free_ char *folder = str_format("%s/class/%s", root, class);
	struct strv names = { 0 };
	size_t i;
	int r = folder_names_if_any(folder, &names);

	for (i = 0; i < names.n && !r; i++) {
		_cleanup_free_ char *path = str_format("%s/%s", folder, names.item[i]);

		if (path && (is_below(path, bdf) || is_below_subsystem(path, bdf)))
			r = strv_add(list, names.item[i]);
	}
	strv_finish(&names);
	return r;
}

int pcisys_interfaces(const char *root, const char *bdf, struct strv *list)
{
	return list_class(root, bdf, "net", list);
}

int pcisys_disks(const char *root, const char *bdf, struct strv *list)
{
	return list_class(root, bdf, "block", list);
}

static bool in_the_way(const char *driver)
{
	return driver && strcmp(driver, "vfio-pci") && strcmp(driver, "pci-stub");
}

char *pcisys_group_problem(const char *root, const char *bdf)
{
	struct text list = { 0 }, how = { 0 };
	struct strv companions = { 0 };
	char *problem = NULL;
	size_t i;

	pcisys_companions(root, bdf, &companions);
	for (i = 0; i < companions.n; i++) {
		_cleanup_free_ char *driver = pcisys_driver(root, companions.item[i]);

		if (!in_the_way(driver))
			continue;
		text_add(&list, "%s%s (%s)", list.len ? ", " : "", companions.item[i], driver);
		text_add(&how, "%secho %s >%s/bus/pci/devices/%s/driver/unbind",
			 how.len ? "; " : "", companions.item[i], root, companions.item[i]);
	}
	if (list.len && how.len)
		problem = str_format("IOMMU group %d is %s and %s, and must be given away as a "
				     "whole; take from its driver what is in the way: %s",
				     pcisys_group(root, bdf), bdf, list.text, how.text);
	text_finish(&list);
	text_finish(&how);
	strv_finish(&companions);
	return problem;
}

/* The last part of a path that is a PCI address. */
static int last_bdf(char *path, struct ddekit_bdf *ret)
{
	char *part, *rest = NULL;
	int r = -ENODEV;

	for (part = strtok_r(path, "/", &rest); part; part = strtok_r(NULL, "/", &rest))
		if (strlen(part) >= strlen("0000:00:00.0") && !ddekit_bdf_parse(part, ret))
			r = 0;
	return r;
}

int pcisys_of_name(const char *root, const char *name, struct ddekit_bdf *ret)
{
	static const char *const classes[] = { "net", "block" };
	int r = -ENODEV;
	size_t i;

	if (!*name || *name == '.' || strchr(name, '/'))
		return -ENODEV;
	for (i = 0; i < ARRAY_SIZE(classes) && r < 0; i++) {
		_cleanup_free_ char *path = str_format("%s/class/%s/%s", root, classes[i], name);
		_cleanup_free_ char *real = path ? realpath(path, NULL) : NULL;

		if (real)
			r = last_bdf(real, ret);
	}
	return r;
}
