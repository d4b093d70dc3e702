/* SPDX-License-Identifier: GPL-2.0-only */
/* See qemu.h. */
#include <errno.h>
#include <sys/stat.h>

#include "lib/landlock.h"
#include "qemu.h"

#define READ_ONLY (LANDLOCK_READ | LANDLOCK_READ_DIR)
#define READ_WRITE (LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_TRUNCATE)

/* Of QEMU itself, its libraries and its user network. The device and the disk are files that it
 * inherits. */
static const struct {
	const char *path;
	uint64_t rights;
} common[] = {
	{ "/usr", READ_ONLY | LANDLOCK_EXECUTE },
	{ "/lib", READ_ONLY | LANDLOCK_EXECUTE },
	{ "/lib64", READ_ONLY | LANDLOCK_EXECUTE },
	{ "/etc/ld.so.cache", LANDLOCK_READ },
	{ "/etc/resolv.conf", LANDLOCK_READ },
	{ "/etc/hosts", LANDLOCK_READ },
	{ "/etc/localtime", LANDLOCK_READ },
	{ "/dev/null", LANDLOCK_READ | LANDLOCK_WRITE },
	{ "/dev/zero", LANDLOCK_READ },
	{ "/dev/urandom", LANDLOCK_READ },
	{ "/sys/devices/system/cpu", READ_ONLY },
	{ "/sys/devices/system/node", READ_ONLY },
	{ "/proc/sys/vm/overcommit_memory", LANDLOCK_READ },
};

/* ---- network --------------------------------------------------------------------- */

/* The type of a -netdev or -nic, with its options. */
static bool is_network(const char *netdev)
{
	static const char *const types[] = { "user", "l2tpv3", "socket", "stream", "dgram" };
	size_t len = strcspn(netdev, ","), i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i]) == len && !strncmp(netdev, types[i], len))
			return !strstr(netdev, "type=unix");
	return false;
}

bool qemuconfine_needs_network(const struct device_config *dev)
{
	const struct strv *args = &dev->emu_args;
	size_t i;

	for (i = 1; i < args->n; i++)
		if ((!strcmp(args->item[i - 1], "-netdev") || !strcmp(args->item[i - 1], "-nic")) &&
		    is_network(args->item[i]))
			return true;
	return dev->netdev && is_network(dev->netdev);
}

/* ---- files ------------------------------------------------------------------------ */

/* Does the path name something directly in the root folder? */
static bool is_in_root(const char *path)
{
	path += strspn(path, "/");
	path += strcspn(path, "/");
	return !path[strspn(path, "/")];
}

/* A socket that QEMU makes: rights are for folders, so the folder's other files can be removed
 * too. Not in the root folder, whose rights would be those for all files. */
static int allow_socket(int rules, char *path)
{
	char *slash = strrchr(path, '/');
	int r;

	if (is_in_root(path))
		return 0;
	*slash = 0;
	r = landlock_allow(rules, path, LANDLOCK_MAKE_SOCKET | LANDLOCK_REMOVE);
	return r == -ENOENT ? 0 : r;
}

/* A file that the configuration names, or a socket that is made there, in place of the one that
 * a QEMU before has left. What names the root folder was not meant as a path: "//host/…". */
static int allow_named(int rules, char *path)
{
	struct stat st;
	bool exists = !lstat(path, &st);

	if (!path[strspn(path, "/")])
		return 0;
	if (!exists || S_ISSOCK(st.st_mode))
		return allow_socket(rules, path);
	return landlock_allow(rules, path, READ_WRITE | LANDLOCK_READ_DIR);
}

/* All absolute paths in an argument: they begin it, or follow "=", ":" or ",". */
static int allow_paths(int rules, const char *argument)
{
	const char *at = argument;
	int r = 0;

	while (at && !r) {
		at = strchr(at, '/');
		if (!at)
			break;
		if (at == argument || strchr("=:,", at[-1])) {
			_cleanup_free_ char *path = strndup(at, strcspn(at, ","));

			r = path ? allow_named(rules, path) : -ENOMEM;
		}
		at += strcspn(at, ",");
	}
	return r;
}

static int allow_configured(int rules, const struct device_config *dev)
{
	const char *options = dev->drive ? strchr(dev->drive, ',') : NULL;
	size_t i;
	int r = allow_paths(rules, dev->device ? dev->device : "");

	if (!r && dev->netdev)
		r = allow_paths(rules, dev->netdev);
	if (!r && options) /* its file is inherited */
		r = allow_paths(rules, options);
	for (i = 0; i < dev->emu_args.n && !r; i++)
		r = allow_paths(rules, dev->emu_args.item[i]);
	return r;
}

/* One that is not in /usr. */
static int allow_binary(int rules)
{
	const char *binary = secure_getenv("DDEKIT_QEMU");
	int r = binary ? landlock_allow(rules, binary, LANDLOCK_READ | LANDLOCK_EXECUTE) : 0;

	return r == -ENOENT ? 0 : r; /* starting it fails with the reason */
}

static int make_rules(const struct device_config *dev, bool network)
{
	int rules = landlock_open(network), r = 0;
	size_t i;

	if (rules < 0)
		return rules;
	for (i = 0; i < ARRAY_SIZE(common) && !r; i++) {
		r = landlock_allow(rules, common[i].path, common[i].rights);
		if (r == -ENOENT || r == -EACCES)
			r = 0;
	}
	if (!r)
		r = allow_binary(rules);
	if (!r)
		r = allow_configured(rules, dev);
	if (!r)
		return rules;
	close(rules);
	return r;
}

/* ---- all -------------------------------------------------------------------------- */

int qemuconfine_open(const struct device_config *dev, uid_t uid, gid_t gid,
		     struct qemu_confine *ret, struct strv *notes)
{
	struct qemu_confine c;
	int r;

	confine_qemu(dev, uid, gid, qemuconfine_needs_network(dev), &c.confine);
	if (dev->sandbox) {
		r = make_rules(dev, c.confine.network);
		if (r == -ENOSYS || r == -EOPNOTSUPP)
			strv_add(notes, "QEMU: this kernel has no Landlock: only the access rights "
					"of its user restrict which files it can open");
		else if (r < 0)
			return r;
		else
			c.confine.rules = r;
	}
	if (dev->sandbox && !uid)
		strv_add(notes, c.confine.user_namespace
					? "QEMU: ddekitd is not root: it has ddekitd's user, in "
					  "namespaces of its own"
					: "QEMU: ddekitd is not root: it has ddekitd's user and "
					  "namespaces: none for users can be made here");
	*ret = c;
	return 0;
}

int qemuconfine_enter(void *confine)
{
	const struct qemu_confine *c = confine;

	return confine_enter(&c->confine);
}

void qemuconfine_close(struct qemu_confine *c)
{
	if (c->confine.rules > 0)
		close(c->confine.rules);
	c->confine.rules = 0;
}
