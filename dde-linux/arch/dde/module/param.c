// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters for the host: read and written as an administrator would, in
 * /sys/module/MODULE/parameters.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/init.h>
#include <linux/init_syscalls.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../compat.h"
#include "module.h"
#include "plugin.h"

#define NAME_MAX_LEN 128

static int __init mount_sysfs(void)
{
	int err = init_mkdir("/sys", 0755);

	if (!err)
		err = init_mount("sysfs", "/sys", "sysfs", 0, NULL);
	if (err)
		pr_err("cannot mount /sys: error %d\n", err);
	return err;
}
rootfs_initcall(mount_sysfs);

static bool is_plain(const char *name, size_t len)
{
	return len && len < NAME_MAX_LEN && name[0] != '.' && !memchr(name, '/', len);
}

/* Opens the file of "MODULE.PARAMETER". Return: -EINVAL: not such a name. */
static struct file *open_param(const char *name, int flags)
{
	const char *param = strchr(name, '.');
	char module[NAME_MAX_LEN];
	struct file *file;
	char *path;

	if (!param || !is_plain(name, param - name) || !is_plain(param + 1, strlen(param + 1)))
		return ERR_PTR(-EINVAL);
	strscpy(module, name, param - name + 1);
	strreplace(module, '-', '_'); /* as in sysfs */
	path = kasprintf(GFP_KERNEL, "/sys/module/%s/parameters/%s", module, param + 1);
	if (!path)
		return ERR_PTR(-ENOMEM);
	dde_with_init_fs() file = filp_open(path, flags, 0);
	kfree(path);
	return file;
}

/* text: at least a page. Return: length, without the newline at the end. */
static ssize_t read_param(const char *name, char *text, umode_t *ret_mode)
{
	struct file *file = open_param(name, O_RDONLY);
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(file))
		return PTR_ERR(file);
	*ret_mode = file_inode(file)->i_mode & 0777;
	n = *ret_mode & 0444 ? kernel_read(file, text, PAGE_SIZE - 1, &pos) : -EACCES;
	fput(file);
	if (n < 0)
		return n;
	if (n && text[n - 1] == '\n')
		n--;
	text[n] = 0;
	return n;
}

/* Kernel threads have root's rights, so the file's mode must be checked here. */
static int check_writable(const char *name, umode_t *ret_mode)
{
	struct file *file = open_param(name, O_PATH);

	if (IS_ERR(file))
		return PTR_ERR(file);
	*ret_mode = file_inode(file)->i_mode & 0777;
	fput(file);
	return *ret_mode & 0222 ? 0 : -EACCES;
}

static int write_param(const char *name, const char *value, umode_t *ret_mode)
{
	size_t len = strlen(value);
	struct file *file;
	loff_t pos = 0;
	ssize_t n;
	int err = check_writable(name, ret_mode);

	if (err)
		return err;
	if (len >= PAGE_SIZE)
		return -EINVAL;
	file = open_param(name, O_WRONLY);
	if (IS_ERR(file))
		return PTR_ERR(file);
	/* sysfs ignores empty writes: write an empty line for an empty value. */
	n = len ? kernel_write(file, value, len, &pos) : kernel_write(file, "\n", 1, &pos);
	fput(file);
	return min(n, 0);
}

/* ---- all of them ------------------------------------------------------------- */

struct listing {
	struct dde_param *param;
	char *value; /* a page */
	u32 used;
};

static int list_one(const char *module, const char *name, void *arg)
{
	struct listing *l = arg;
	char full[2 * NAME_MAX_LEN];
	umode_t mode = 0;
	ssize_t n;

	snprintf(full, sizeof(full), "%s.%s", module, name);
	n = read_param(full, l->value, &mode);
	if (n < 0)
		l->value[0] = 0; /* listed, even if it cannot be read */
	strreplace(l->value, '\n', ' ');
	l->used += scnprintf(l->param->text + l->used, l->param->size - l->used, "%s\t%04o\t%s\n",
			     full, mode, l->value);
	return l->used + 1 >= l->param->size ? -ENOSPC : 0;
}

static int list_all(struct dde_param *param, char *page)
{
	struct listing l = { .param = param, .value = page };

	param->text[0] = 0;
	dde_plugin_each_parameter(list_one, &l);
	return l.used + 1 >= param->size ? -ENOSPC : 0;
}

s64 dde_param(void *arg)
{
	struct dde_param *param = arg;
	umode_t mode = 0;
	ssize_t n;
	char *page;
	int err;

	if (param->value) {
		err = write_param(param->name, param->value, &mode);
		param->mode = mode;
		return err;
	}
	page = (char *)__get_free_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	if (!*param->name) {
		err = list_all(param, page);
	} else {
		n = read_param(param->name, page, &mode);
		err = min(n, 0);
		if (n >= 0 && strscpy(param->text, page, param->size) < 0)
			err = -ENOSPC;
		param->mode = mode;
	}
	free_page((unsigned long)page);
	return err;
}
