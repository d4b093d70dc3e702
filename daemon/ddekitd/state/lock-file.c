/* SPDX-License-Identifier: GPL-2.0-only */
/* Lock files; see lock-file.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "lock-file.h"
#include "lib/util.h"

#define ORPHAN_NS 1000000000ull /* a dead ddekitd's child may hold a lock so long */
#define PAUSE_NS 2000000        /* between two tries */

/* Is the file still the one of that name? Its last owner may have removed it
 * between our open and lock. */
static bool still_there(int fd, const char *path)
{
	struct stat mine, there;

	return !fstat(fd, &mine) && !stat(path, &there) && mine.st_dev == there.st_dev &&
	       mine.st_ino == there.st_ino;
}

int lockfile_sign(int fd)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	return ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0 ? -errno : 0;
}

/* Return: the locked fd, -EBUSY, -ESTALE (try again), -errno. */
static int try_lock(const char *path, pid_t *ret_owner)
{
	char text[16] = "";
	int fd, r = 0;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (pread(fd, text, sizeof(text) - 1, 0) > 0)
			*ret_owner = atoi(text);
	} else if (!still_there(fd, path)) {
		r = -ESTALE;
	} else {
		r = lockfile_sign(fd);
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/* Held by the child of a dead ddekitd, until exec() or until it notices that it is an
 * orphan. */
static bool is_left_over(pid_t owner)
{
	return owner > 0 && kill(owner, 0) < 0 && errno == ESRCH;
}

int lockfile_open(const char *dir, const char *name, pid_t *ret_owner)
{
	_cleanup_free_ char *path = str_format("%s/%s", dir, name);
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t end = mono_ns() + ORPHAN_NS;
	int r;

	if (!path)
		return -ENOMEM;
	for (;;) {
		r = try_lock(path, ret_owner);
		if (r == -EBUSY && is_left_over(*ret_owner) && mono_ns() < end)
			nanosleep(&pause, NULL);
		else if (r != -ESTALE)
			return r;
	}
}

void lockfile_remove(const char *dir, const char *name, int *fd)
{
	_cleanup_free_ char *path = str_format("%s/%s", dir, name);

	if (*fd >= 0 && path)
		unlink(path);
	fd_close(fd);
}
