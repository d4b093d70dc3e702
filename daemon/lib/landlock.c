/* SPDX-License-Identifier: GPL-2.0-only */
/* See landlock.h. By numbers: libc's headers are older than the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "landlock.h"
#include "util.h"

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1
#define FS_REFER (1ull << 13)     /* version 2 */
#define FS_IOCTL_DEV (1ull << 15) /* version 5 */
#define NET_TCP 3ull              /* version 4: bind and connect */
#define SCOPE_ALL 3ull            /* version 6: abstract sockets, signals */

struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

int landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

static uint64_t known_rights(int version)
{
	uint64_t rights = FS_REFER - 1;

	if (version >= 2)
		rights |= FS_REFER;
	if (version >= 3)
		rights |= LANDLOCK_TRUNCATE;
	if (version >= 5)
		rights |= FS_IOCTL_DEV;
	return rights;
}

int landlock_open(bool tcp)
{
	int version = landlock_version(), fd;
	struct ruleset rules = { .fs = known_rights(version) };
	size_t size = version < 4 ? 8 : version < 6 ? 16 : 24;

	rules.net = version < 4 || tcp ? 0 : NET_TCP;
	rules.scoped = version < 6 ? 0 : SCOPE_ALL;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	return fd < 0 ? -errno : fd;
}

int landlock_allow(int rules, const char *path, uint64_t rights)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct path_rule rule = { .allowed = rights & known_rights(landlock_version()) };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		rule.allowed &= LANDLOCK_EXECUTE | LANDLOCK_WRITE | LANDLOCK_READ |
				LANDLOCK_TRUNCATE;
	if (!rule.allowed)
		return 0;
	rule.fd = fd;
	return syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int landlock_enter(int rules)
{
	return syscall(SYS_landlock_restrict_self, rules, 0) < 0 ? -errno : 0;
}
