// SPDX-License-Identifier: GPL-2.0-only
/*
 * ddekit_dma: DMA memory for the process that owns a PCI device through
 * uio_pci_generic, on machines without an IOMMU.  See seam.h.
 *
 * It gives access only to memory that it allocated itself, and accepts no addresses.
 * It does not make a device safer: without an IOMMU a device can access all memory, and
 * the process that programs it is as powerful as the kernel.
 */
#include <linux/capability.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "compat.h"
#include "internal.h"

unsigned int limit_mib = DDEKIT_DMA_MAX_BLOCKS * (DDEKIT_DMA_BLOCK >> 20);
module_param(limit_mib, uint, 0444);
MODULE_PARM_DESC(limit_mib, "maximum MiB of all pools together (default 1024)");

/* ---- ioctls --------------------------------------------------------------------- */

static int do_info(struct pool *pool, void __user *arg)
{
	struct ddekit_dma_info info = {
		.version = DDEKIT_DMA_VERSION,
		.block_size = DDEKIT_DMA_BLOCK,
		.n_blocks = pool->n_blocks,
		.state = DDEKIT_DMA_STATE_NEW,
	};

	if (pool->pdev)
		info.state = READ_ONCE(pool->live) ? DDEKIT_DMA_STATE_ATTACHED
						   : DDEKIT_DMA_STATE_DETACHED;
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int do_attach(struct pool *pool, const void __user *arg)
{
	struct ddekit_dma_attach a;

	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	return attach(pool, &a);
}

static int put_addresses(const struct pool *pool, const struct ddekit_dma_blocks *arg)
{
	u64 __user *to = u64_to_user_ptr(arg->addresses);
	unsigned int i;

	for (i = 0; i < pool->n_blocks; i++)
		if (put_user((u64)pool->block[i].dma, to + i))
			return -EFAULT;
	return 0;
}

static int do_alloc(struct pool *pool, const void __user *arg)
{
	struct ddekit_dma_blocks a;
	int err;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	if (a.zero)
		return -EINVAL;
	if (!pool->pdev)
		return -ENOTCONN;
	err = blocks_alloc(pool, a.n_blocks);
	return err ? err : put_addresses(pool, &a);
}

static int do_addresses(struct pool *pool, const void __user *arg)
{
	struct ddekit_dma_blocks a;

	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	if (a.zero)
		return -EINVAL;
	if (!pool->n_blocks)
		return -ENOTCONN;
	return a.n_blocks < pool->n_blocks ? -ENOSPC : put_addresses(pool, &a);
}

static long pool_ioctl(struct file *file, unsigned int number, unsigned long arg)
{
	struct pool *pool = file->private_data;
	void __user *p = (void __user *)arg;
	int err = mutex_lock_killable(&pool->lock);

	if (err)
		return err;
	switch (number) {
	case DDEKIT_DMA_INFO:
		err = do_info(pool, p);
		break;
	case DDEKIT_DMA_ATTACH:
		err = do_attach(pool, p);
		break;
	case DDEKIT_DMA_ALLOC:
		err = do_alloc(pool, p);
		break;
	case DDEKIT_DMA_ADDRESSES:
		err = do_addresses(pool, p);
		break;
	default:
		err = -ENOTTY;
	}
	mutex_unlock(&pool->lock);
	return err;
}

/* ---- mappings -------------------------------------------------------------------- */

static vm_fault_t pool_fault(struct vm_fault *vmf)
{
	struct pool *pool = vmf->vma->vm_private_data;
	unsigned long block = vmf->pgoff / BLOCK_PAGES;

	if (block >= smp_load_acquire(&pool->n_blocks))
		return VM_FAULT_SIGBUS;
	vmf->page = pool->block[block].page + vmf->pgoff % BLOCK_PAGES;
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct pool_vm_ops = {
	.fault = pool_fault,
};

/* Must not lock the pool: ioctls access user memory while they hold that lock. */
static int pool_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct pool *pool = file->private_data;
	unsigned long pages = smp_load_acquire(&pool->n_blocks) * BLOCK_PAGES;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (vma->vm_pgoff > pages || vma_pages(vma) > pages - vma->vm_pgoff)
		return -ENXIO;
	compat_forbid_exec(vma);
	vma->vm_private_data = pool;
	vma->vm_ops = &pool_vm_ops;
	return 0;
}

/* ---- files ------------------------------------------------------------------------- */

static int pool_open(struct inode *inode, struct file *file)
{
	struct pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return -ENOMEM;
	mutex_init(&pool->lock);
	file->private_data = pool;
	return 0;
}

static int pool_release(struct inode *inode, struct file *file)
{
	struct pool *pool = file->private_data;

	detach(pool);
	blocks_free(pool);
	mutex_destroy(&pool->lock);
	kfree(pool);
	return 0;
}

static const struct file_operations pool_ops = {
	.owner = THIS_MODULE,
	.open = pool_open,
	.release = pool_release,
	.unlocked_ioctl = pool_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = pool_mmap,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ddekit-dma",
	.mode = 0600,
	.fops = &pool_ops,
};

static int __init ddekit_dma_init(void)
{
	int err = attach_init();

	if (err)
		return err;
	err = misc_register(&device);
	if (err)
		attach_exit();
	return err;
}

static void __exit ddekit_dma_exit(void)
{
	misc_deregister(&device);
	attach_exit();
}

module_init(ddekit_dma_init);
module_exit(ddekit_dma_exit);

MODULE_DESCRIPTION("DMA memory for PCI devices owned by uio_pci_generic");
MODULE_LICENSE("GPL");
