/* SPDX-License-Identifier: GPL-2.0-only */
/* The TAP behind an emulated card; see qemu-tap.h. */
#include <errno.h>

#include "tap.h"
#include "qemu-tap.h"

/* The value of KEY= among comma-separated options; its length; NULL: none. */
static const char *find_option(const char *options, const char *key, size_t *ret_len)
{
	size_t len = strlen(key);

	for (; *options; options += *options == ',') {
		if (!strncmp(options, key, len) && options[len] == '=') {
			*ret_len = strcspn(options + len + 1, ",");
			return options + len + 1;
		}
		options += strcspn(options, ",");
	}
	return NULL;
}

/* With fd= in place of ifname=, and without the scripts that QEMU would run. */
static char *rewrite(const char *options, int fd)
{
	struct text t = { 0 };
	int r = text_add(&t, "tap,fd=%d", fd);
	size_t len;

	for (; *options && !r; options += len + (options[len] == ',')) {
		len = strcspn(options, ",");
		if (strncmp(options, "ifname=", 7) && strncmp(options, "script=", 7) &&
		    strncmp(options, "downscript=", 11))
			r = text_add(&t, ",%.*s", (int)len, options);
	}
	if (r < 0)
		text_finish(&t);
	return t.text;
}

static int open_qemu_tap(const char *options, const char *value, size_t len, char **ret_netdev,
			 int *ret_fd, char **ret_why)
{
	_cleanup_free_ char *name = strndup(value, len);
	char *text;
	int fd;

	if (!name)
		return -ENOMEM;
	fd = tap_open_for_qemu(name, ret_why);
	if (fd < 0)
		return fd;
	text = rewrite(options, fd);
	if (!text) {
		close(fd);
		return -ENOMEM;
	}
	*ret_netdev = text;
	*ret_fd = fd;
	return 0;
}

int qemutap_open(const char *netdev, char **ret_netdev, int *ret_fd, char **ret_why)
{
	const char *value;
	size_t len;

	*ret_netdev = NULL;
	*ret_fd = -1;
	if (!netdev)
		return 0;
	if (!strncmp(netdev, "tap,", 4)) {
		value = find_option(netdev + 4, "ifname", &len);
		if (value)
			return open_qemu_tap(netdev + 4, value, len, ret_netdev, ret_fd, ret_why);
	}
	return str_set(ret_netdev, netdev);
}
