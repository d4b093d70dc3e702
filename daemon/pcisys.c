/* SPDX-License-Identifier: GPL-2.0-only */
/* A PCI device in sysfs; see pcisys.h. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>

#include "pcisys.h"

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

/* PCI class 0604: bridges are no devices that anybody drives. */
static bool is_bridge(const char *root, const char *bdf)
{
	_cleanup_free_ char *path = device_path(root, bdf, "class");
	_cleanup_free_ char *class = read_line(path);

	return class && !strncmp(class, "0x0604", 6);
}

int pcisys_companions(const char *root, const char *bdf, struct strv *list)
{
	_cleanup_free_ char *path = device_path(root, bdf, "iommu_group/devices");
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *e;
	int r = path ? 0 : -ENOMEM;

	while (dir && !r && (e = readdir(dir)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, bdf) && !is_bridge(root, e->d_name))
			r = strv_add(list, e->d_name);
	if (dir)
		closedir(dir);
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
	bool found = false;
	struct dirent *e;
	DIR *dir;

	end = at ? strchr(at + strlen("/nvme-subsystem/"), '/') : NULL;
	if (!end)
		return false;
	*end = 0;
	dir = opendir(real);
	while (dir && !found && (e = readdir(dir))) {
		_cleanup_free_ char *controller = str_format("%s/%s/", real, e->d_name);

		if (e->d_name[0] != '.' && controller)
			found = is_below(controller, bdf);
	}
	if (dir)
		closedir(dir);
	return found;
}

int pcisys_class(const char *root, const char *bdf, const char *class, struct strv *list)
{
	_cleanup_free_ char *folder = str_format("%s/class/%s", root, class);
	DIR *dir = folder ? opendir(folder) : NULL;
	struct dirent *e;
	int r = folder ? 0 : -ENOMEM;

	while (dir && !r && (e = readdir(dir))) {
		_cleanup_free_ char *path = str_format("%s/%s", folder, e->d_name);

		if (e->d_name[0] == '.')
			continue;
		if (path && (is_below(path, bdf) || is_below_subsystem(path, bdf)))
			r = strv_add(list, e->d_name);
	}
	if (dir)
		closedir(dir);
	return r;
}
