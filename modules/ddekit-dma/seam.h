/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of the kernel module ddekit_dma, compiled in both worlds: the ioctls of
 * /dev/ddekit-dma.  Include <linux/ioctl.h> or <sys/ioctl.h> before this file to use
 * them.
 *
 * An open file is a pool.  It is attached to one PCI device, allocated once, and then
 * mapped any number of times (mmap, MAP_SHARED), any range of its pages at any address.
 * The pages are zeroed when they are allocated.  When the last reference to the file is
 * dropped (a mapping is a reference), the device is stopped (bus mastering off, reset if
 * supported) and the memory is freed.  If the device is unbound or unplugged before, it
 * is stopped and loses access to the memory, which stays until it is unmapped.
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

/* A pool consists of blocks of this size, each contiguous for the device. */
#define DDEKIT_DMA_BLOCK (4u << 20)
/* The limit of one pool, and by default (parameter limit_mib) of all pools: 1 GiB. */
#define DDEKIT_DMA_MAX_BLOCKS 256u

/* The device that the caller owns, and the proof: its open /dev/uioN. */
struct ddekit_dma_attach {
	uint32_t domain;
	uint32_t bus;
	uint32_t devfn; /* device << 3 | function */
	int32_t uio_fd;
};

struct ddekit_dma_blocks {
	uint32_t n_blocks; /* ALLOC: blocks to allocate; ADDRESSES: size of the array */
	uint32_t zero;
	uint64_t addresses; /* user pointer to uint64_t[n_blocks], written: the
				 * DMA addresses of the blocks, in file order,
				 * ascending, below 4 GiB */
};

struct ddekit_dma_info {
	uint32_t version;    /* DDEKIT_DMA_VERSION */
	uint32_t block_size; /* DDEKIT_DMA_BLOCK */
	uint32_t n_blocks;   /* in this pool */
	uint32_t state;      /* DDEKIT_DMA_STATE_... */
};

enum {
	DDEKIT_DMA_STATE_NEW = 0,
	DDEKIT_DMA_STATE_ATTACHED = 1,
	DDEKIT_DMA_STATE_DETACHED = 2, /* unbound or unplugged */
};

/* No capability required. Return: 0. */
#define DDEKIT_DMA_INFO _IOR('d', 0xd0, struct ddekit_dma_info)
/*
 * CAP_SYS_RAWIO. Return: 0, or
 *   EPERM     no CAP_SYS_RAWIO, or the kernel is locked down
 *   EALREADY  this pool is attached already
 *   ENODEV    there is no such PCI device
 *   EBADF     uio_fd is not open
 *   ENXIO     the device's driver is not uio_pci_generic
 *   EXDEV     uio_fd is not the uio device of that PCI device
 *   ESTALE    uio_fd is of a uio device that is gone, or has no interrupt
 *   EBUSY     another pool is attached to the device
 *   EIO       the device cannot do DMA below 4 GiB
 */
#define DDEKIT_DMA_ATTACH _IOW('d', 0xd1, struct ddekit_dma_attach)
/*
 * CAP_SYS_RAWIO. Return: 0, or
 *   EPERM       no CAP_SYS_RAWIO
 *   ENOTCONN    not attached
 *   ESTALE      the device was unbound or unplugged
 *   EEXIST      the pool has memory already
 *   EINVAL      n_blocks is 0
 *   ENOSPC      the limit is exceeded
 *   ENOMEM      not enough contiguous memory
 *   EOPNOTSUPP  the device's memory accesses are not coherent on this machine
 */
#define DDEKIT_DMA_ALLOC _IOW('d', 0xd2, struct ddekit_dma_blocks)
/*
 * No capability required. Return: 0, or
 *   ENOTCONN  not allocated yet
 *   ENOSPC    the array is too small
 */
#define DDEKIT_DMA_ADDRESSES _IOW('d', 0xd3, struct ddekit_dma_blocks)

#endif
