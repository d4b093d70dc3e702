/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of the kernel module ddekit_dma, compiled in both worlds: its
 * ioctls on /dev/ddekit-dma.  Whoever uses the numbers includes <linux/ioctl.h>
 * or <sys/ioctl.h> first.
 *
 * An open file is a pool: attached to one PCI device, filled once, then mapped
 * (mmap, MAP_SHARED) as often as one likes, any range of its pages at any
 * address.  A pool's pages are zeroed when it is filled.  When the last
 * reference to the file goes, that of a mapping included, the device is stopped
 * (bus mastering off, reset if it can) and the memory is freed.  When the device
 * loses its driver before, or is unplugged, it is stopped and can reach the
 * memory no more, which stays until it is unmapped.
 */
#ifndef DDEKIT_DMA_SEAM_H
#define DDEKIT_DMA_SEAM_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define DDEKIT_DMA_DEVICE "/dev/ddekit-dma"
#define DDEKIT_DMA_MODULE "ddekit_dma"
#define DDEKIT_DMA_VERSION 1u

/* A pool consists of such pieces, each contiguous to the device. */
#define DDEKIT_DMA_BLOCK (4u << 20)
/* Of one pool, and unless the parameter limit_mib says otherwise of all: 1 GiB. */
#define DDEKIT_DMA_MAX_BLOCKS 256u

/* The device that the caller owns, and the proof: the open /dev/uioN of it. */
struct ddekit_dma_attach {
	uint32_t domain;
	uint32_t bus;
	uint32_t devfn;		/* device << 3 | function */
	int32_t uio_fd;
};

struct ddekit_dma_blocks {
	uint32_t n_blocks;	/* ALLOC: wanted; ADDRESSES: room in the array */
	uint32_t zero;
	uint64_t addresses;	/* user pointer to uint64_t[n_blocks], written: the
				 * blocks' addresses as the device sees them, in the
				 * order of the file, ascending, below 4 GiB */
};

struct ddekit_dma_info {
	uint32_t version;	/* DDEKIT_DMA_VERSION */
	uint32_t block_size;	/* DDEKIT_DMA_BLOCK */
	uint32_t n_blocks;	/* of this pool */
	uint32_t state;		/* DDEKIT_DMA_STATE_... */
};

enum {
	DDEKIT_DMA_STATE_NEW = 0,
	DDEKIT_DMA_STATE_ATTACHED = 1,
	DDEKIT_DMA_STATE_DETACHED = 2,	/* the device has lost its driver */
};

/* Anybody who has the file. Return: 0. */
#define DDEKIT_DMA_INFO _IOR('d', 0xd0, struct ddekit_dma_info)
/*
 * CAP_SYS_RAWIO. Return: 0, or
 *   EPERM     no CAP_SYS_RAWIO, or the kernel is locked down
 *   EALREADY  this file is attached already
 *   ENODEV    there is no such PCI device
 *   EBADF     uio_fd is not open
 *   ENXIO     the device's driver is not uio_pci_generic
 *   EXDEV     uio_fd is not the uio device of that PCI device
 *   ESTALE    uio_fd is of a uio device that is gone, or has no interrupt
 *   EBUSY     another file is attached to the device
 *   EIO       the device cannot do DMA below 4 GiB
 */
#define DDEKIT_DMA_ATTACH _IOW('d', 0xd1, struct ddekit_dma_attach)
/*
 * CAP_SYS_RAWIO. Return: 0, or
 *   EPERM       no CAP_SYS_RAWIO
 *   ENOTCONN    not attached
 *   ESTALE      the device has lost its driver
 *   EEXIST      the pool is filled already
 *   EINVAL      n_blocks is 0
 *   ENOSPC      more than the limit
 *   ENOMEM      no such contiguous memory
 *   EOPNOTSUPP  the device's memory accesses are not coherent on this machine
 */
#define DDEKIT_DMA_ALLOC _IOW('d', 0xd2, struct ddekit_dma_blocks)
/* Anybody who has the file. Return: 0; ENOTCONN: not filled; ENOSPC: no room. */
#define DDEKIT_DMA_ADDRESSES _IOW('d', 0xd3, struct ddekit_dma_blocks)

#endif
