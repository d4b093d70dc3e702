/* SPDX-License-Identifier: GPL-2.0-only */
/* See sandbox.h. Landlock by its numbers: libc's headers are older than the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sandbox.h"
#include "ddekitd.h"

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1
#define FS_EXECUTE (1ull << 0)
#define FS_READ_FILE (1ull << 2)
#define FS_READ_DIR (1ull << 3)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0)
#define SCOPE_SIGNAL (1ull << 1)
#define NET_ALL 3ull /* bind and connect by TCP */

struct ruleset {
	uint64_t fs;
	uint64_t net;    /* from version 4 on */
	uint64_t scoped; /* from version 6 on */
};

struct path_rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* What glibc and libsystemd read now and then; it tells nothing that matters. */
static const char *const harmless[] = {
	"/proc/sys/kernel/random/boot_id",
	"/proc/sys/vm/overcommit_memory",
	"/sys/devices/system/cpu/online",
	"/sys/devices/system/cpu/possible",
};

static struct gate_paths paths;

/* ---- which files ------------------------------------------------------------------- */

static void add_path(const char *path, size_t len, bool folder)
{
	char *to;

	while (folder && len > 1 && path[len - 1] == '/')
		len--;
	if (!len || paths.n == GATE_MAX_PATHS || len + folder >= PROTO_PATH)
		return;
	to = paths.path[paths.n];
	memcpy(to, path, len);
	memcpy(to + len, folder ? "/" : "", 1 + folder);
	paths.n++;
}

static void add_paths(const struct proto_setup *s)
{
	const char *dirs = s->firmware_dir;
	unsigned int i;

	for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		add_path(harmless[i], strlen(harmless[i]), false);
	add_path(s->plugin_dir, strlen(s->plugin_dir), true);
	while (*dirs) {
		size_t len = strcspn(dirs, ":");

		add_path(dirs, len, true);
		dirs += len + (dirs[len] == ':');
	}
	for (i = 0; i < s->n_plugins; i++)
		add_path(s->plugins[i].path, strlen(s->plugins[i].path), false);
}

/* ---- Landlock ---------------------------------------------------------------------- */

/* All rights over files that a version knows: what is not granted is refused. */
static uint64_t fs_rights(long version)
{
	uint64_t rights = (1ull << 13) - 1;

	if (version >= 2)
		rights |= 1ull << 13; /* link and rename elsewhere */
	if (version >= 3)
		rights |= 1ull << 14; /* truncate */
	if (version >= 5)
		rights |= 1ull << 15; /* ioctl of a device */
	return rights;
}

static int allow(int ruleset, const char *path)
{
	bool folder = path[strlen(path) - 1] == '/';
	struct path_rule rule = { .allowed = FS_READ_FILE | (folder ? FS_READ_DIR : 0) };
	int r = 0;

	rule.fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.fd < 0) /* a firmware folder need not be there */
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0)
		r = -errno;
	close(rule.fd);
	return r;
}

static int restrict_files(long version)
{
	struct ruleset rules = { .fs = fs_rights(version) };
	size_t size = version < 4 ? 8 : version < 6 ? 16 : 24;
	unsigned int i;
	int r = 0, fd;

	rules.net = version < 4 ? 0 : NET_ALL;
	rules.scoped = version < 6 ? 0 : SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return -errno;
	for (i = 0; i < paths.n && !r; i++)
		r = allow(fd, paths.path[i]);
	if (!r && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* *ret: it is there. */
static int landlock(bool *ret)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	*ret = version > 0;
	if (*ret)
		return restrict_files(version);
	wire_logf(4,
		  "ddekit-host: this kernel has no Landlock (%s): which files the driver may "
		  "read is checked in its own process alone; boot with lsm=landlock,... for more",
		  strerror(errno));
	return 0;
}

/* ---- all ------------------------------------------------------------------------------ */

int sandbox_enter(const struct proto_setup *setup, const char **ret_why)
{
	uint64_t cookie;
	bool locked;
	int r;

	/* No dump, and no process of the same user may look into it. */
	if (!(setup->confine & CONFINE_CORE) && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
		*ret_why = "PR_SET_DUMPABLE";
		return -errno;
	}
	if (!(setup->confine & CONFINE_SANDBOX)) {
		wire_logf(4, "ddekit-host: sandbox=no: the driver may do what its user may");
		return 0;
	}
	add_paths(setup);
	*ret_why = "Landlock";
	r = landlock(&locked);
	if (!r) {
		*ret_why = "SIGSYS";
		r = gate_open(&paths, locked, &cookie);
	}
	if (!r) {
		*ret_why = "seccomp";
		r = filter_load(cookie, locked);
	}
	return r;
}
