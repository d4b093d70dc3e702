/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads firmware files by name. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "internal.h"

#define FIRMWARE_MAX (64u << 20)

static int fd_path(int fd, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = 0;
	return 0;
}

/* Without openat2(), which systemd's RestrictSUIDSGID= and the sandbox block: opens the file,
 * then checks that it is below the folder. Where the sandbox has no readlink(), Landlock has
 * checked that already. Return: fd, negative errno. */
static int open_beneath(int dfd, const char *name)
{
	char dir[PATH_MAX], file[PATH_MAX];
	int fd = openat(dfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int err;
	size_t len;

	if (fd < 0)
		return -errno;
	err = fd_path(dfd, dir, sizeof(dir));
	if (err == -ENOSYS)
		return fd;
	if (!err)
		err = fd_path(fd, file, sizeof(file));
	len = err ? 0 : strlen(dir);
	if (!err && (strncmp(file, dir, len) || file[len] != '/'))
		err = -EXDEV;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* Opens name below dir, following no link out of it. Return: fd, negative errno. */
static int open_below(const char *dir, size_t dir_len, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	char path[256];
	int dfd, fd;

	if (dir_len >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, dir, dir_len);
	path[dir_len] = 0;
	dfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dfd < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dfd, name, &how, sizeof(how));
	if (fd < 0 && errno == ENOSYS)
		fd = open_beneath(dfd, name);
	else if (fd < 0)
		fd = -errno;
	close(dfd);
	return fd;
}

static int firmware_open(const char *name)
{
	const char *dirs = host.config.firmware_dirs ? host.config.firmware_dirs : "";
	int fd = -ENOENT;

	while (*dirs && fd < 0) {
		size_t len = strcspn(dirs, ":");

		fd = open_below(dirs, len, name);
		dirs += len + (dirs[len] == ':');
	}
	return fd == -EXDEV ? -EPERM : fd;
}

static int64_t read_all(int fd, void *buf, uint64_t size)
{
	uint64_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)buf + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (uint64_t)n;
	}
	return (int64_t)done;
}

int64_t host_firmware_read(const char *name, void *buf, uint64_t size)
{
	struct stat st;
	int64_t r;
	int fd = firmware_open(name);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -ENOENT;
	else if (st.st_size > FIRMWARE_MAX)
		r = -EFBIG;
	else
		r = buf ? read_all(fd, buf, size) : st.st_size;
	close(fd);
	return r;
}
