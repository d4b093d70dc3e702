/* SPDX-License-Identifier: GPL-2.0-only */
/* See kernels.h. */
#include <dirent.h>
#include <errno.h>

#include "kernels.h"

#define RUNTIME "libdde-linux.so"

/* Return: the text's length, 0: there is no version at its beginning. */
static size_t version_read(const char *text, unsigned int *major, unsigned int *minor)
{
	int n = 0;

	if (*text < '0' || *text > '9' || sscanf(text, "%4u.%4u%n", major, minor, &n) != 2)
		return 0;
	return (size_t)n;
}

bool kernel_is_version(const char *text)
{
	unsigned int major, minor;
	size_t n = version_read(text, &major, &minor);

	return n && !text[n] && text[n - 1] >= '0' && text[n - 1] <= '9' && !strchr(text, ' ');
}

char *kernel_runtime(const struct global_config *global, const char *kernel)
{
	return kernel ? str_format("%s/%s/" RUNTIME, global->kernel_dir, kernel)
		      : strdup(global->runtime);
}

char *kernel_plugin_dir(const struct global_config *global, const char *kernel)
{
	return kernel ? str_format("%s/%s/plugins", global->kernel_dir, kernel)
		      : strdup(global->plugin_dir);
}

static int version_compare(const void *a, const void *b)
{
	unsigned int x[2] = { 0 }, y[2] = { 0 };

	version_read(*(char *const *)a, &x[0], &x[1]);
	version_read(*(char *const *)b, &y[0], &y[1]);
	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return x[1] < y[1] ? -1 : x[1] > y[1];
}

static bool has_runtime(const char *dir, const char *version)
{
	_cleanup_free_ char *path = str_format("%s/%s/" RUNTIME, dir, version);

	return path && !access(path, R_OK);
}

int kernel_list(const char *dir, struct strv *ret)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int r = 0;

	if (!d)
		return -errno;
	while (!r && (e = readdir(d)))
		if (kernel_is_version(e->d_name) && has_runtime(dir, e->d_name))
			r = strv_add(ret, e->d_name);
	closedir(d);
	if (ret->n)
		qsort(ret->item, ret->n, sizeof(*ret->item), version_compare);
	return r;
}

char *kernel_missing(const struct global_config *global, const char *kernel)
{
	_cleanup_free_ char *names = NULL;
	struct strv list = { 0 };
	char *text = NULL;
	int r = kernel_list(global->kernel_dir, &list);

	if (r != -ENOMEM)
		names = list.n ? strv_join(&list) : strdup("none");
	if (names)
		text = str_format("kernel=%s: there is no %s/%s/" RUNTIME "; versions there: %s",
				  kernel, global->kernel_dir, kernel, names);
	strv_finish(&list);
	return text;
}
