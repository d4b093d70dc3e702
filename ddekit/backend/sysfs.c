/* SPDX-License-Identifier: GPL-2.0-only */
/* See sysfs.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../backend.h"
#include "../fd.h"
#include "sysfs.h"

const char *sysfs_root = "/sys";
const char *sysfs_apparmor = "/proc/self/attr/apparmor/current";

/* ---- reading -------------------------------------------------------------- */

static void device_path(struct ddekit_bdf bdf, const char *file, char *buf)
{
	char text[DDEKIT_BDF_STRLEN];

	snprintf(buf, PATH_MAX, "%s/bus/pci/devices/%s%s%s", sysfs_root,
		 ddekit_bdf_format(bdf, text), *file ? "/" : "", file);
}

bool sysfs_present(struct ddekit_bdf bdf)
{
	char path[PATH_MAX];

	device_path(bdf, "", path);
	return !access(path, F_OK);
}

int sysfs_open(struct ddekit_bdf bdf, const char *file, int flags)
{
	char path[PATH_MAX];
	int fd;

	device_path(bdf, file, path);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int link_name(const char *path, char *buf)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *name;

	if (n < 0)
		return -errno;
	target[n] = 0;
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= SYSFS_NAME)
		return -ENAMETOOLONG;
	strcpy(buf, name);
	return 0;
}

int sysfs_link(struct ddekit_bdf bdf, const char *file, char *buf)
{
	char path[PATH_MAX];

	device_path(bdf, file, path);
	return link_name(path, buf);
}

int sysfs_line(struct ddekit_bdf bdf, const char *file, char *buf, size_t size)
{
	int fd = sysfs_open(bdf, file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

int sysfs_each(struct ddekit_bdf bdf, const char *folder, int (*fn)(const char *name, void *arg),
	       void *arg)
{
	char path[PATH_MAX];
	struct dirent *d;
	int ret = 0;
	DIR *dir;

	device_path(bdf, folder, path);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!ret && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			ret = fn(d->d_name, arg);
	closedir(dir);
	return ret;
}

/* ---- refusals ------------------------------------------------------------- */

/* The first line of a file. Return: false: there is none. */
static bool line_read(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	bool got = f && fgets(buf, (int)size, f);

	if (f)
		fclose(f);
	if (got)
		buf[strcspn(buf, "\n")] = 0;
	return got;
}

/* "none [integrity] confidentiality": sets buf to the word in brackets. */
static bool lockdown_mode(char *buf, size_t size)
{
	char path[PATH_MAX], line[64], mode[32];
	const char *at;

	snprintf(path, sizeof(path), "%s/kernel/security/lockdown", sysfs_root);
	at = line_read(path, line, sizeof(line)) ? strchr(line, '[') : NULL;
	if (!at || sscanf(at, "[%31[a-z]]", mode) != 1 || !strcmp(mode, "none"))
		return false;
	snprintf(buf, size, "%s", mode);
	return true;
}

const char *sysfs_hint(int err, char *buf)
{
	char word[64];

	buf[0] = 0;
	if (err == -EPERM && lockdown_mode(word, sizeof(word)))
		snprintf(buf, SYSFS_HINT,
			 "; the kernel's lockdown (%s) keeps user space from PCI devices: use "
			 "backend=vfio, or boot without lockdown=",
			 word);
	else if ((err == -EACCES || err == -EPERM) &&
		 line_read(sysfs_apparmor, word, sizeof(word)) && strcmp(word, "unconfined"))
		snprintf(buf, SYSFS_HINT,
			 "; AppArmor confines ddekitd by the profile %s: see the kernel's log, and "
			 "allow it there",
			 word);
	return buf;
}

/* ---- writing -------------------------------------------------------------- */

static int write_path(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n != (ssize_t)len)
		err = n < 0 ? -errno : -EIO;
	close(fd);
	return err;
}

/* An empty name removes the override. */
static int override_write(struct ddekit_bdf bdf, const char *driver)
{
	char path[PATH_MAX];

	device_path(bdf, "driver_override", path);
	return write_path(path, *driver ? driver : "\n");
}

static int driver_unbind(struct ddekit_bdf bdf)
{
	char path[PATH_MAX], text[DDEKIT_BDF_STRLEN];
	int err;

	device_path(bdf, "driver/unbind", path);
	err = write_path(path, ddekit_bdf_format(bdf, text));
	return err == -ENOENT ? 0 : err;
}

/* Makes the kernel look for a driver, by override and ids. */
static int driver_probe(struct ddekit_bdf bdf)
{
	char path[PATH_MAX], text[DDEKIT_BDF_STRLEN];

	snprintf(path, sizeof(path), "%s/bus/pci/drivers_probe", sysfs_root);
	return write_path(path, ddekit_bdf_format(bdf, text));
}

static bool driver_is(struct ddekit_bdf bdf, const char *driver)
{
	char name[SYSFS_NAME];

	if (sysfs_link(bdf, "driver", name))
		return !*driver;
	return !strcmp(name, driver);
}

/* ---- the lock ------------------------------------------------------------- */

#define LOCK_MS 500

/* A write of the present value changes nothing, and takes the lock. */
struct lock_probe {
	int file;
	char value[8];
	int done; /* closed once the lock was there */
};

static void lock_probe_free(struct lock_probe *p)
{
	fd_close(&p->file);
	fd_close(&p->done);
	free(p);
}

static void *lock_probe_run(void *arg)
{
	struct lock_probe *p = arg;

	/* That it fails does not matter either. */
	if (pwrite(p->file, p->value, strlen(p->value), 0) < 0)
		p->value[0] = 0;
	lock_probe_free(p);
	return NULL;
}

/* Return: NULL: it cannot be found out. */
static struct lock_probe *lock_probe_create(struct ddekit_bdf bdf)
{
	struct lock_probe *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->done = -1;
	p->file = sysfs_open(bdf, "power/control", O_RDWR);
	if (p->file >= 0 && pread(p->file, p->value, sizeof(p->value) - 1, 0) > 0)
		return p;
	lock_probe_free(p);
	return NULL;
}

/* In a thread of its own, which may hang as long as the lock is held. Return: 0, errno. */
static int lock_probe_start(struct lock_probe *p)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err = pthread_attr_init(&attr);

	if (err)
		return err;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, lock_probe_run, p);
	pthread_attr_destroy(&attr);
	return err;
}

bool sysfs_is_locked(struct ddekit_bdf bdf)
{
	struct lock_probe *p = lock_probe_create(bdf);
	struct pollfd wait = { .events = POLLIN };
	bool locked;
	int ends[2];

	if (p && pipe2(ends, O_CLOEXEC)) {
		lock_probe_free(p);
		p = NULL;
	}
	if (!p)
		return true;
	wait.fd = ends[0];
	p->done = ends[1];
	if (lock_probe_start(p)) {
		lock_probe_free(p);
		locked = true;
	} else {
		locked = poll(&wait, 1, LOCK_MS) <= 0;
	}
	close(ends[0]);
	return locked;
}

/* ---- modules -------------------------------------------------------------- */

static bool driver_exists(const char *driver)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bus/pci/drivers/%s", sysfs_root, driver);
	return !access(path, F_OK);
}

/* The caller's thread may have blocked signals: modprobe starts with none. Return: 0, errno. */
static int modprobe_spawn(pid_t *ret, char **argv, char **env)
{
	posix_spawnattr_t attr;
	sigset_t set;
	int err = posix_spawnattr_init(&attr);

	if (err)
		return err;
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attr, &set);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn(ret, argv[0], NULL, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	return err;
}

int sysfs_load_module(const char *module)
{
	char *argv[] = { "/sbin/modprobe", "--quiet", (char *)module, NULL };
	char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };
	int err, status;
	pid_t pid;

	err = modprobe_spawn(&pid, argv, env);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

static int driver_load(const char *driver, char **ret_why)
{
	int r;

	if (driver_exists(driver))
		return 0;
	r = sysfs_load_module(driver);
	if (driver_exists(driver))
		return 0;
	return why(ret_why, -ENOENT,
		   "the kernel has no driver %s: modprobe %s %s; install the "
		   "kernel's modules, or load the module by hand to see the error",
		   driver, driver, r < 0 ? strerror(-r) : "fails");
}

/* ---- binding -------------------------------------------------------------- */

static int driver_change(struct ddekit_bdf bdf, const char *driver)
{
	int err = override_write(bdf, driver);

	if (!err)
		err = driver_unbind(bdf);
	if (!err)
		err = driver_probe(bdf);
	if (!err && !driver_is(bdf, driver))
		err = -EBUSY;
	return err;
}

int sysfs_bind(struct ddekit_bdf bdf, const char *driver, struct ddekit_before *before,
	       char **ret_why)
{
	struct ddekit_before now = { .changed = true };
	char text[DDEKIT_BDF_STRLEN];
	int err;

	ddekit_bdf_format(bdf, text);
	if (!sysfs_present(bdf))
		return why(ret_why, -ENODEV, "there is no PCI device %s; see lspci -D", text);
	err = driver_load(driver, ret_why);
	if (err)
		return err;
	sysfs_link(bdf, "driver", now.driver);
	if (!strcmp(now.driver, driver))
		return 0;
	if (sysfs_line(bdf, "driver_override", now.override, SYSFS_NAME) ||
	    !strcmp(now.override, "(null)"))
		now.override[0] = 0;
	err = driver_change(bdf, driver);
	if (err) {
		sysfs_restore(bdf, &now);
		return why(ret_why, err, "cannot bind %s to %s: %s%s%s%s; see the kernel's log",
			   text, driver, strerror(-err), now.driver[0] ? "; it is bound to " : "",
			   now.driver, now.driver[0] ? " again" : "");
	}
	*before = now;
	return 0;
}

int sysfs_restore(struct ddekit_bdf bdf, const struct ddekit_before *before)
{
	int err;

	if (!before->changed || !sysfs_present(bdf))
		return 0;
	err = override_write(bdf, before->override);
	if (!err && !driver_is(bdf, before->driver))
		err = driver_unbind(bdf);
	if (err || !before->driver[0] || driver_is(bdf, before->driver))
		return err;
	err = driver_probe(bdf);
	if (!err && !driver_is(bdf, before->driver))
		err = -EBUSY;
	return err;
}

/* ---- IOMMU groups --------------------------------------------------------- */

/* Class codes 06xx: the kernel tolerates bridges in a group. */
static bool is_bridge(struct ddekit_bdf bdf)
{
	char class[16];

	return !sysfs_line(bdf, "class", class, sizeof(class)) && !strncmp(class, "0x06", 4);
}

/* Members of a group that prevent the use of one function alone. */
struct companions {
	struct ddekit_bdf own;
	const char *driver;
	char list[512];
};

/* Adds "0000:01:00.1 (snd_hda_intel)" to the list if that driver prevents it. */
static int companion_check(const char *name, void *companions)
{
	struct companions *c = companions;
	size_t len = strlen(c->list);
	char has[SYSFS_NAME];
	struct ddekit_bdf bdf;

	if (ddekit_bdf_parse(name, &bdf) || !ddekit_bdf_compare(bdf, c->own) || is_bridge(bdf))
		return 0;
	if (sysfs_link(bdf, "driver", has) || !strcmp(has, c->driver) || !strcmp(has, "pci-stub"))
		return 0;
	snprintf(c->list + len, sizeof(c->list) - len, "%s%s (%s)", len ? ", " : "", name, has);
	return 0;
}

int sysfs_group_check(struct ddekit_bdf bdf, const char *driver, char **ret_why)
{
	struct companions c = { .own = bdf, .driver = driver };
	char group[SYSFS_NAME], path[PATH_MAX], own[DDEKIT_BDF_STRLEN];
	int err;

	ddekit_bdf_format(bdf, own);
	if (sysfs_link(bdf, "iommu_group", group))
		return why(ret_why, -EOPNOTSUPP,
			   "%s has no IOMMU: enable it in the firmware "
			   "and by intel_iommu=on on the kernel's command line, or use "
			   "backend=uio, which has no DMA isolation",
			   own);
	err = sysfs_each(bdf, "iommu_group/devices", companion_check, &c);
	if (err) {
		device_path(bdf, "iommu_group/devices", path);
		return why(ret_why, err, "%s: %s", path, strerror(-err));
	}
	if (c.list[0])
		return why(ret_why, -EBUSY,
			   "IOMMU group %s of %s has devices with other drivers: "
			   "%s; a group can only be claimed as a whole: unbind them first",
			   group, own, c.list);
	return atoi(group);
}
