// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replaces a bridge: opens the driver's interface, waits for its link and sends frames by the
 * kernel's pktgen.  It controls pktgen by its files in /proc, as usual.  With tx=0 it only opens
 * the interface.
 *
 * Prints pktgen's result, then "dde_pktgen: done" or "dde_pktgen: failed: …".
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/fs.h>
#include <linux/if_arp.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "seam.h"

static uint tx = 100000;
module_param(tx, uint, 0444);
MODULE_PARM_DESC(tx, "frames to send, 0: none");

static uint size = 60;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "bytes of a frame without its CRC");

static uint burst = 1;
module_param(burst, uint, 0444);
MODULE_PARM_DESC(burst, "frames passed to the driver at once");

static uint clones;
module_param(clones, uint, 0444);
MODULE_PARM_DESC(clones, "how often a frame is sent again before pktgen makes a new one");

static uint ring;
module_param(ring, uint, 0444);
MODULE_PARM_DESC(ring, "descriptors of the transmit ring, 0: the driver's default");

#define LINK_MS 20000

static struct net_device *dev;
static struct task_struct *thread;

/* ---- files of /proc -------------------------------------------------------------- */

/* Opens a file of pktgen's folder. */
static struct file *open_proc(struct vfsmount *proc, const char *name, int flags)
{
	struct path root = { .mnt = proc, .dentry = proc->mnt_root };
	char path[64];

	snprintf(path, sizeof(path), "self/net/pktgen/%s", name);
	return file_open_root(&root, path, flags, 0);
}

/* pktgen_write(proc, FILE, FORMAT...): one command. Return: 0 or -errno. */
static __printf(3, 4) int pktgen_write(struct vfsmount *proc, const char *name, const char *fmt,
				       ...)
{
	struct file *file = open_proc(proc, name, O_WRONLY);
	loff_t pos = 0;
	char text[96];
	ssize_t r;
	va_list ap;
	int len;

	if (IS_ERR(file)) {
		pr_err("dde_pktgen: cannot open %s of pktgen: error %ld\n", name, PTR_ERR(file));
		return PTR_ERR(file);
	}
	va_start(ap, fmt);
	len = vscnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Not kernel_write(): it refuses files that only have a write() for user memory. */
	r = file->f_op->write(file, (const char __force __user *)text, len, &pos);
	fput(file);
	if (r < 0)
		pr_err("dde_pktgen: pktgen refuses \"%.*s\": error %zd\n", len - 1, text, r);
	return r < 0 ? r : 0;
}

static ssize_t read_all(struct file *file, char *text, size_t size)
{
	struct kvec vec = { .iov_base = text, .iov_len = size };
	struct iov_iter iter;
	struct kiocb iocb;

	init_sync_kiocb(&iocb, file);
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, size);
	return seq_read_iter(&iocb, &iter);
}

/* Prints the lines of the interface's file from "Result:" on. */
static int print_result(struct vfsmount *proc)
{
	struct file *file = open_proc(proc, dev->name, O_RDONLY);
	char *text = kzalloc(PAGE_SIZE, GFP_KERNEL), *line, *rest = NULL;
	ssize_t r = -ENOMEM;

	if (IS_ERR(file)) {
		kfree(text);
		return PTR_ERR(file);
	}
	if (text)
		r = read_all(file, text, PAGE_SIZE - 1);
	fput(file);
	if (r > 0)
		rest = strstr(text, "Result:");
	if (r >= 0)
		r = rest ? 0 : -EBADMSG;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			pr_info("dde_pktgen: %s\n", line);
	kfree(text);
	return r;
}

/* ---- a run of pktgen --------------------------------------------------------------- */

static int set_up(struct vfsmount *proc)
{
	int err = pktgen_write(proc, "kpktgend_0", "rem_device_all\n");

	if (!err)
		err = pktgen_write(proc, "kpktgend_0", "add_device %s\n", dev->name);
	if (!err)
		err = pktgen_write(proc, dev->name, "count %u\n", tx);
	if (!err)
		err = pktgen_write(proc, dev->name, "pkt_size %u\n", size);
	if (!err)
		err = pktgen_write(proc, dev->name, "clone_skb %u\n", clones);
	if (!err && burst > 1)
		err = pktgen_write(proc, dev->name, "burst %u\n", burst);
	if (!err)
		err = pktgen_write(proc, dev->name, "delay 0\n");
	if (!err)
		err = pktgen_write(proc, dev->name, "dst 198.18.0.2\n");
	if (!err)
		err = pktgen_write(proc, dev->name, "dst_mac 02:00:00:00:00:02\n");
	return err;
}

static int send(void)
{
	struct file_system_type *type = get_fs_type("proc");
	struct vfsmount *proc = type ? kern_mount(type) : ERR_PTR(-ENODEV);
	int err;

	if (IS_ERR(proc))
		return PTR_ERR(proc);
	err = set_up(proc);
	if (!err) {
		mark(MARK_START);
		err = pktgen_write(proc, "pgctrl", "start\n"); /* returns when all are sent */
		mark(MARK_STOP);
	}
	if (!err)
		err = print_result(proc);
	kern_unmount(proc);
	return err;
}

/* ---- the interface ----------------------------------------------------------------- */

/* Return: the first Ethernet interface of a PCI device, with a reference; NULL if none. */
static struct net_device *find_interface(void)
{
	struct net_device *d;

	ASSERT_RTNL();
	for_each_netdev(&init_net, d) {
		if (d->type == ARPHRD_ETHER && d->dev.parent && dev_is_pci(d->dev.parent)) {
			dev_hold(d);
			return d;
		}
	}
	return NULL;
}

/* rtnl held */
static int set_ring(void)
{
	const struct ethtool_ops *ops = dev->ethtool_ops;
	struct kernel_ethtool_ringparam more = {};
	struct ethtool_ringparam r = {};

	if (!ring)
		return 0;
	if (!ops || !ops->get_ringparam || !ops->set_ringparam)
		return -EOPNOTSUPP;
	ops->get_ringparam(dev, &r, &more, NULL);
	r.tx_pending = ring;
	return ops->set_ringparam(dev, &r, &more, NULL);
}

static int wait_for_link(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(LINK_MS);

	while (!netif_carrier_ok(dev)) {
		if (kthread_should_stop())
			return -EINTR;
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		msleep(10);
	}
	return 0;
}

static int run_pktgen(void *unused)
{
	int err = wait_for_link();

	if (!err && tx)
		err = send();
	if (err)
		pr_err("dde_pktgen: failed: error %d\n", err);
	else
		pr_info("dde_pktgen: done\n");
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

static void release_interface(void)
{
	rtnl_lock();
	dev_close(dev);
	rtnl_unlock();
	dev_put(dev);
}

static int __init dde_pktgen_init(void)
{
	int err = -ENODEV;

	rtnl_lock();
	dev = find_interface();
	if (dev)
		err = set_ring();
	if (!err)
		err = dev_open(dev, NULL);
	rtnl_unlock();
	if (err)
		goto put;
	thread = kthread_run(run_pktgen, NULL, "dde_pktgen");
	if (!IS_ERR(thread))
		return 0;
	err = PTR_ERR(thread);
	release_interface();
	return err;
put:
	if (dev)
		dev_put(dev);
	return err;
}
module_init(dde_pktgen_init);

static void __exit dde_pktgen_exit(void)
{
	kthread_stop(thread);
	release_interface();
}
module_exit(dde_pktgen_exit);

MODULE_DESCRIPTION("Sends through the driver by the kernel's pktgen");
MODULE_LICENSE("GPL");
