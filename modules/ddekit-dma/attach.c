// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ownership of a device, and stopping it.
 *
 * The caller proves ownership of the device with an open file of its uio device.
 * The pool holds a reference to that file, so uio_pci_generic cannot be unloaded.
 * The driver can still be unbound and the device unplugged: the bus notifies of both.
 */
#include <linux/capability.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/security.h>
#include "internal.h"

#define OWNER "uio_pci_generic"
#define OWNER_CLASS "uio"

static LIST_HEAD(attached);
static DEFINE_MUTEX(attached_lock);

/* ---- stopping a device ------------------------------------------------------ */

/*
 * Call with the device locked.  After a reset its registers contain no address of the
 * pool, so the next driver can enable bus mastering.
 */
static void stop(struct pci_dev *pdev)
{
	u16 command;
	int err;

	if (!pci_device_is_present(pdev))
		return;
	pci_clear_master(pdev);
	/* The read flushes posted writes of the device. */
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (!pci_wait_for_pending_transaction(pdev))
		pci_warn(pdev, "ddekit_dma: transactions are still pending\n");
	err = pci_reset_function_locked(pdev);
	if (err == -ENOTTY)
		pci_info(pdev, "ddekit_dma: bus mastering is off; the device has no reset\n");
	else if (err)
		pci_warn(pdev, "ddekit_dma: bus mastering is off; reset failed: %d\n", err);
}

/* Call with the device locked, before its driver is unbound. */
static void lose(struct pool *pool)
{
	stop(pool->pdev);
	blocks_unmap(pool);
	pool->live = false;
	pci_info(pool->pdev, "ddekit_dma: detached, the driver is unbound\n");
}

static int on_bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct device *dev = data;
	struct pool *pool;

	if (event != BUS_NOTIFY_UNBIND_DRIVER)
		return NOTIFY_DONE;
	mutex_lock(&attached_lock);
	list_for_each_entry(pool, &attached, list)
		if (&pool->pdev->dev == dev && pool->live)
			lose(pool);
	mutex_unlock(&attached_lock);
	return NOTIFY_DONE;
}

static struct notifier_block bus_notifier = {
	.notifier_call = on_bus_event,
};

int attach_init(void)
{
	return bus_register_notifier(&pci_bus_type, &bus_notifier);
}

void attach_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
}

/* ---- attach ------------------------------------------------------------------- */

static int is_uio(struct device *dev, void *number)
{
	return dev->class && !strcmp(dev->class->name, OWNER_CLASS) &&
	       dev->devt == *(dev_t *)number;
}

/* Call with the device locked. Return: 0, -ENXIO, -EXDEV, -ESTALE. */
static int check_owner(struct pci_dev *pdev, struct file *uio)
{
	struct inode *inode = file_inode(uio);
	dev_t number = inode->i_rdev;

	if (!pdev->dev.driver || strcmp(pdev->dev.driver->name, OWNER))
		return -ENXIO;
	if (!S_ISCHR(inode->i_mode) || !device_for_each_child(&pdev->dev, &number, is_uio))
		return -EXDEV;
	/* Device numbers are reused: poll of a uio device that is gone fails. */
	return vfs_poll(uio, NULL) & EPOLLERR ? -ESTALE : 0;
}

/* Call with the device locked. One pool per device: the end of a pool stops the device. */
static int enlist(struct pool *pool, struct pci_dev *pdev)
{
	struct pool *other;
	int err = 0;

	mutex_lock(&attached_lock);
	list_for_each_entry(other, &attached, list)
		if (other->pdev == pdev && other->live)
			err = -EBUSY;
	if (!err) {
		pool->pdev = pdev;
		pool->live = true;
		list_add(&pool->list, &attached);
	}
	mutex_unlock(&attached_lock);
	return err;
}

static int attach_device(struct pool *pool, struct pci_dev *pdev, struct file *uio)
{
	int err;

	device_lock(&pdev->dev);
	err = check_owner(pdev, uio);
	if (!err && dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32)))
		err = -EIO;
	if (!err)
		err = enlist(pool, pdev);
	device_unlock(&pdev->dev);
	return err;
}

int attach(struct pool *pool, const struct ddekit_dma_attach *arg)
{
	struct pci_dev *pdev;
	struct file *uio;
	int err;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	err = security_locked_down(LOCKDOWN_PCI_ACCESS);
	if (err)
		return err;
	if (pool->pdev)
		return -EALREADY;
	if (arg->domain > INT_MAX || arg->bus > 255 || arg->devfn > 255)
		return -ENODEV;
	uio = fget(arg->uio_fd);
	if (!uio)
		return -EBADF;
	pdev = pci_get_domain_bus_and_slot(arg->domain, arg->bus, arg->devfn);
	err = pdev ? attach_device(pool, pdev, uio) : -ENODEV;
	if (err) {
		pci_dev_put(pdev);
		fput(uio);
		return err;
	}
	pool->uio = uio;
	return 0;
}

void detach(struct pool *pool)
{
	struct pci_dev *pdev = pool->pdev;

	if (!pdev)
		return;
	device_lock(&pdev->dev);
	mutex_lock(&attached_lock);
	list_del(&pool->list);
	mutex_unlock(&attached_lock);
	if (pool->live) {
		stop(pdev);
		blocks_unmap(pool);
	}
	device_unlock(&pdev->dev);
	fput(pool->uio);
	pci_dev_put(pdev);
}
