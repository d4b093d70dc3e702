/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in a folder; see folder.h. */
#include <dirent.h>
#include <errno.h>

#include "folder.h"

int folder_names(const char *path, struct strv *ret)
{
	struct dirent *entry;
	int r = 0;
	DIR *dir;

	if (!path)
		return -ENOMEM;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = strv_add(ret, entry->d_name);
	closedir(dir);
	return r;
}

int folder_names_if_any(const char *path, struct strv *ret)
{
	int r = folder_names(path, ret);

	return r == -ENOMEM ? r : 0;
}

bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len >= n && !strcmp(name + len - n, suffix);
}
