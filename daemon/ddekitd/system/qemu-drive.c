/* SPDX-License-Identifier: GPL-2.0-only */
/* The disk of an emulated device; see qemu-drive.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "qemu-drive.h"

/* Return: whether the options contain one that begins with OPTION. */
static bool has_option(const char *options, const char *option)
{
	size_t len = strlen(option);

	while (*options) {
		if (!strncmp(options, option, len))
			return true;
		options += strcspn(options, ",");
		options += *options == ',';
	}
	return false;
}

static int open_drive(const char *path, bool read_only, char **ret_why)
{
	int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC), r = -errno;
	struct stat st;

	if (fd < 0) {
		*ret_why = str_format("drive=: cannot open %s: %s%s", path, strerror(-r),
				      r == -ENOENT ? "; truncate -s 1G makes an empty one" : "");
		return r;
	}
	if (fstat(fd, &st) || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))) {
		*ret_why = str_format("drive=: %s is neither a file nor a block device", path);
		close(fd);
		return -EINVAL;
	}
	return fd;
}

int qemudrive_open(const char *drive, char **ret_options, int *ret_fd, char **ret_why)
{
	_cleanup_free_ char *path = NULL;
	const char *options = "";
	size_t len;
	char *text;
	int fd;

	*ret_options = NULL;
	*ret_fd = -1;
	if (!drive)
		return 0;
	len = strcspn(drive, ",");
	if (drive[len])
		options = drive + len + 1;
	path = strndup(drive, len);
	text = str_format("%s%s%s", has_option(options, "format=") ? "" : "format=raw",
			  has_option(options, "format=") || !*options ? "" : ",", options);
	if (!path || !text) {
		free(text);
		return -ENOMEM;
	}
	fd = open_drive(path,
			has_option(options, "read-only=on") || has_option(options, "readonly=on"),
			ret_why);
	if (fd < 0) {
		free(text);
		return fd;
	}
	*ret_options = text;
	*ret_fd = fd;
	return 0;
}
