// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block bridge, kernel half: joins the driver's disks to the ring that host-ring.c has
 * mapped.  Here its beginning and end; kern-disk.c has the disks, kern-io.c moves the
 * requests.
 */
#include <linux/async.h>
#include <linux/device/driver.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <asm/dde.h>
#include "kern.h"

#define FIRST_DISK (2 * HZ) /* media that say nothing until they have been read */

struct bridge bridge;
extern struct dde_block_up dde_block_up; /* the host finds it by its name */

static void idle_hook(void)
{
	disks_idle(&bridge);
}

/* Return: whether the device has a driver. Bridges between buses are ignored. */
static bool driven(void)
{
	struct pci_dev *dev = NULL;

	for_each_pci_dev(dev)
		if (dev->hdr_type == PCI_HEADER_TYPE_NORMAL && dev->dev.driver) {
			pci_dev_put(dev);
			return true;
		}
	return false;
}

static int check_ring(const struct dde_block_down *down)
{
	const struct dde_block_ring *ring;

	if (!down || down->version != DDE_BLOCK_SEAM_VERSION || !down->ring)
		return -EPROTO;
	ring = down->ring;
	if (ring->magic != DDE_BLOCK_RING_MAGIC || ring->version != DDE_BLOCK_RING_VERSION ||
	    ring->slots != DDE_BLOCK_SLOTS || ring->slot_bytes != DDE_BLOCK_SLOT_BYTES)
		return -EPROTO;
	return 0;
}

static int open_irq(struct bridge *b)
{
	int err;

	b->virq = dde_irq_map(b->down->hwirq);
	if (b->virq <= 0)
		return b->virq ?: -ENXIO;
	err = request_irq(b->virq, io_irq, 0, "dde-ring", b);
	if (err)
		b->virq = 0;
	return err;
}

static int watch_ring(struct bridge *b, u32 on)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = b->down->watch(b->down, on);
	local_irq_restore(flags);
	return err;
}

static int64_t block_detach(void *arg)
{
	struct bridge *b = &bridge;

	if (!b->attached)
		return 0;
	b->attached = false;
	watch_ring(b, 0);
	free_irq(b->virq, b);
	b->virq = 0;
	io_stop(b);
	disks_detach(b);
	return 0;
}

static int64_t block_attach(void *arg)
{
	struct bridge *b = &bridge;
	int err = check_ring(dde_block_up.down);

	if (err)
		return err;
	if (b->attached)
		return -EBUSY;
	b->down = dde_block_up.down;
	wait_for_device_probe();
	async_synchronize_full();
	if (!driven())
		return -ENODEV;
	err = open_irq(b);
	if (err)
		return err;
	__atomic_fetch_add(&b->down->ring->attached, 1, __ATOMIC_SEQ_CST);
	disks_attach(b);
	wait_event_timeout(b->changed, disks_any(b) && !READ_ONCE(b->scan), FIRST_DISK);
	err = io_start(b);
	if (err) {
		disks_detach(b);
		free_irq(b->virq, b);
		b->virq = 0;
		return err;
	}
	b->attached = true;
	err = watch_ring(b, 1);
	if (err)
		block_detach(NULL);
	return err;
}

struct dde_block_up dde_block_up = {
	.version = DDE_BLOCK_SEAM_VERSION,
	.attach = block_attach,
	.detach = block_detach,
};
EXPORT_SYMBOL_GPL(dde_block_up);

static int __init block_init(void)
{
	int err;

	mutex_init(&bridge.lock);
	init_waitqueue_head(&bridge.changed);
	err = disks_init();
	if (err)
		return err;
	err = dde_set_idle_hook(idle_hook);
	if (err)
		disks_finish();
	return err;
}

static void __exit block_exit(void)
{
	block_detach(NULL);
	dde_set_idle_hook(NULL);
	disks_finish();
}

module_init(block_init);
module_exit(block_exit);
MODULE_DESCRIPTION("DDEKit block bridge, kernel half");
MODULE_LICENSE("GPL");
