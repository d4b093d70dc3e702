/* SPDX-License-Identifier: GPL-2.0-only */
/* The drop-in of a persistently bound device; see drop-in.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "drop-in.h"

#define HEAD "# Written by ddectl bind; ddectl unbind removes it."

char *dropin_path(const char *config, const char *bdf)
{
	return str_format("%s.d/%s.conf", config, bdf);
}

/* Hidden files are not read. */
static char *staged_path(const char *config, const char *bdf)
{
	return str_format("%s.d/.%s.conf.new", config, bdf);
}

char *dropin_text(const struct device_config *dev)
{
	struct text t = { 0 };
	int r = text_add(&t, HEAD "\n[%s]\n", dev->bdf_text);

	if (!r)
		r = device_config_print_set(dev, &t);
	if (r < 0)
		text_finish(&t);
	return t.text;
}

bool dropin_is_ours(const char *config, const char *bdf)
{
	_cleanup_free_ char *path = dropin_path(config, bdf);
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	char line[sizeof(HEAD) + 1];

	return f && fgets(line, sizeof(line), f) && !strncmp(line, HEAD, strlen(HEAD));
}

/* ---- checks ---------------------------------------------------------------- */

static int bad_files(const struct strv *errors, int r, char **ret_why)
{
	if (r == -EINVAL && errors->n)
		*ret_why = str_format("nothing can be added to the configuration while it has "
				      "errors: %s; correct it, or bind with --runtime",
				      errors->item[0]);
	return r;
}

/* No other file may have its section, no other device its interface. */
static int check_others(const struct config *all, const struct device_config *dev, const char *path,
			char **ret_why)
{
	const struct device_config *other = config_find(all, dev->bdf);
	size_t i;

	if (other &&
	    (strncmp(other->where, path, strlen(path)) || other->where[strlen(path)] != ':')) {
		*ret_why = str_format("%s has a section at %s: change that and reload, or lay "
				      "the settings over it with --runtime",
				      dev->bdf_text, other->where);
		return -EEXIST;
	}
	for (i = 0; i < all->n_devices; i++) {
		other = all->device[i];
		if (!strcmp(other->bdf_text, dev->bdf_text) ||
		    !str_equal(other->ifname, dev->ifname) || !str_equal(other->netns, dev->netns))
			continue;
		*ret_why = str_format("ifname=%s is used by [%s] (%s) too", dev->ifname,
				      other->bdf_text, other->where);
		return -EINVAL;
	}
	return 0;
}

int dropin_check(const char *config, const struct device_config *dev, char **ret_why)
{
	_cleanup_free_ char *path = dropin_path(config, dev->bdf_text);
	struct config all = { 0 };
	struct strv errors = { 0 };
	int r = path ? config_load(&all, config, &errors) : -ENOMEM;

	if (!r || r == -ENOENT)
		r = check_others(&all, dev, path, ret_why);
	else
		r = bad_files(&errors, r, ret_why);
	if (!r && !access(path, F_OK) && !dropin_is_ours(config, dev->bdf_text)) {
		*ret_why = str_format("%s was not written by ddectl bind: change it there and "
				      "reload, or bind with --runtime",
				      path);
		r = -EEXIST;
	}
	strv_finish(&errors);
	config_finish(&all);
	return r;
}

/* ---- files ------------------------------------------------------------------ */

static int write_dropin(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	size_t len = strlen(text);
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n != (ssize_t)len)
		r = n < 0 ? -errno : -EIO;
	if (!r && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		r = -errno;
	close(fd);
	if (r < 0)
		unlink(path);
	return r;
}

static int make_dropin_folder(const char *config)
{
	_cleanup_free_ char *dir = str_format("%s.d", config);

	if (!dir)
		return -ENOMEM;
	return mkdir(dir, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* Checks that the file written reads back as the configuration. */
static int read_back(const char *path, const struct device_config *dev, char **ret_why)
{
	struct config written = { 0 };
	struct strv errors = { 0 };
	int r = config_load(&written, path, &errors);

	if (r == -EINVAL && errors.n)
		*ret_why = str_format("these settings cannot be saved: %s", errors.item[0]);
	else if (!r && (written.n_devices != 1 || !device_config_equal(written.device[0], dev)))
		r = -EINVAL;
	if (r == -EINVAL && !*ret_why)
		*ret_why = str_format("these settings cannot be saved");
	strv_finish(&errors);
	config_finish(&written);
	return r;
}

int dropin_stage(const char *config, const struct device_config *dev, char **ret_why)
{
	_cleanup_free_ char *path = staged_path(config, dev->bdf_text);
	_cleanup_free_ char *text = dropin_text(dev);
	int r = path && text ? dropin_check(config, dev, ret_why) : -ENOMEM;

	if (r < 0)
		return r;
	r = make_dropin_folder(config);
	if (!r)
		r = write_dropin(path, text);
	if (r < 0) {
		*ret_why = str_format("cannot write %s: %s; --runtime writes no file", path,
				      strerror(-r));
		return r;
	}
	r = read_back(path, dev, ret_why);
	if (r < 0)
		unlink(path);
	return r;
}

/* A name is durable once its folder is on the disk. */
static int sync_folder(const char *config)
{
	_cleanup_free_ char *dir = str_format("%s.d", config);
	_cleanup_close_ int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int dropin_commit(const char *config, const char *bdf)
{
	_cleanup_free_ char *from = staged_path(config, bdf), *to = dropin_path(config, bdf);
	int r;

	if (!from || !to)
		return -ENOMEM;
	if (rename(from, to) < 0) {
		r = -errno;
		unlink(from);
		return r;
	}
	return sync_folder(config);
}

void dropin_discard(const char *config, const char *bdf)
{
	_cleanup_free_ char *path = staged_path(config, bdf);

	if (path)
		unlink(path);
}

int dropin_remove(const char *config, const char *bdf)
{
	_cleanup_free_ char *path = dropin_path(config, bdf);

	if (!path)
		return -ENOMEM;
	if (access(path, F_OK) < 0)
		return -ENOENT;
	if (!dropin_is_ours(config, bdf))
		return -EPERM;
	return unlink(path) < 0 ? -errno : sync_folder(config);
}
