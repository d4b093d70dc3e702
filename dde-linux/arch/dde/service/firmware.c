// SPDX-License-Identifier: GPL-2.0-only
/*
 * /lib/firmware: a file system whose files are the host's firmware files.  The
 * kernel's firmware loader reads from it as it would from a disk.
 */
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/init.h>
#include <linux/init_syscalls.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <uapi/linux/mount.h>
#include "../compat.h"
#include "../kernel/kernel.h"

#define FIRMWARE_MAGIC 0x64646566 /* "ddef" */

/* The content of an open file. */
struct content {
	size_t size;
	u8 data[];
};

/* Return: the path below the mount point, in @buf; or an error. */
static char *name_of(struct dentry *dentry, char *buf, int size)
{
	char *path = dentry_path_raw(dentry, buf, size);

	return IS_ERR(path) ? path : path + 1;
}

/* Return: bytes read, or the size if @data is NULL; or an error. */
static s64 read_firmware(struct dentry *dentry, void *data, size_t size)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *name;
	s64 ret;

	if (!buf)
		return -ENOMEM;
	name = name_of(dentry, buf, PATH_MAX);
	ret = IS_ERR(name) ? PTR_ERR(name) : dde_call(file->firmware_read(name, data, size));
	kfree(buf);
	return ret;
}

static int firmware_open(struct inode *inode, struct file *file)
{
	size_t size = i_size_read(inode);
	struct content *c = kvmalloc(struct_size(c, data, size), GFP_KERNEL);
	s64 got;

	if (!c)
		return -ENOMEM;
	got = read_firmware(file->f_path.dentry, c->data, size);
	if (got < 0) {
		kvfree(c);
		return got;
	}
	c->size = min_t(u64, got, size);
	file->private_data = c;
	return 0;
}

static int firmware_release(struct inode *inode, struct file *file)
{
	kvfree(file->private_data);
	return 0;
}

static ssize_t firmware_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct content *c = iocb->ki_filp->private_data;
	size_t n;

	if (iocb->ki_pos >= c->size)
		return 0;
	n = copy_to_iter(c->data + iocb->ki_pos, c->size - iocb->ki_pos, to);
	iocb->ki_pos += n;
	return n ?: -EFAULT;
}

static const struct file_operations firmware_file_ops = {
	.open = firmware_open,
	.release = firmware_release,
	.read_iter = firmware_read_iter,
	.llseek = default_llseek,
};

static struct dentry *firmware_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags);

static const struct inode_operations firmware_dir_ops = { .lookup = firmware_lookup };

static struct inode *make_inode(struct super_block *sb, umode_t mode, loff_t size)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = mode;
	simple_inode_init_ts(inode);
	if (S_ISDIR(mode)) {
		inode->i_op = &firmware_dir_ops;
		inode->i_fop = &simple_dir_operations;
	} else {
		inode->i_fop = &firmware_file_ops;
		i_size_write(inode, size);
	}
	return inode;
}

/*
 * The host knows files only.  Any component of a path but the last of one to be
 * opened is a folder; whether it has files is known at the next component.
 */
static struct dentry *firmware_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = NULL;
	s64 size;

	if (!(flags & LOOKUP_OPEN)) {
		inode = make_inode(dir->i_sb, S_IFDIR | 0555, 0);
	} else {
		size = read_firmware(dentry, NULL, 0);
		if (size == -ENOENT)
			return d_splice_alias(NULL, dentry);
		if (size < 0)
			return ERR_PTR(size);
		inode = make_inode(dir->i_sb, S_IFREG | 0444, size);
	}
	if (!inode)
		return ERR_PTR(-ENOMEM);
	return d_splice_alias(inode, dentry);
}

static const struct super_operations firmware_super_ops = {
	.statfs = simple_statfs,
	.drop_inode = generic_delete_inode,
};

static int fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct inode *root;

	sb->s_magic = FIRMWARE_MAGIC;
	sb->s_op = &firmware_super_ops;
	/* No caching: the host's files may change. */
	dde_forget_dentries(sb);
	root = make_inode(sb, S_IFDIR | 0555, 0);
	if (!root)
		return -ENOMEM;
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int get_tree(struct fs_context *fc)
{
	return get_tree_single(fc, fill_super);
}

static const struct fs_context_operations context_ops = { .get_tree = get_tree };

static int init_context(struct fs_context *fc)
{
	fc->ops = &context_ops;
	return 0;
}

static struct file_system_type firmware_fs = {
	.name = "ddefirmware",
	.init_fs_context = init_context,
	.kill_sb = kill_anon_super,
};

static int __init firmware_init(void)
{
	int err;

	if (!dde_down->file)
		return 0;
	err = register_filesystem(&firmware_fs);
	if (!err)
		err = init_mkdir("/lib", 0755);
	if (!err)
		err = init_mkdir("/lib/firmware", 0755);
	if (!err)
		err = init_mount("ddefirmware", "/lib/firmware", "ddefirmware",
				 MS_RDONLY | MS_NODEV | MS_NOEXEC | MS_NOSUID, NULL);
	if (err)
		pr_err("cannot mount /lib/firmware: error %d\n", err);
	return err;
}
rootfs_initcall(firmware_init);
