/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that the device can reach, by the kernel module ddekit_dma. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "../../../modules/ddekit-dma/seam.h"
#include "uio.h"

_Static_assert(UIO_MAX_BLOCKS == DDEKIT_DMA_MAX_BLOCKS, "a handover has room for a whole pool");
_Static_assert(DDEKIT_POOL_BLOCK == DDEKIT_DMA_BLOCK, "blocks are the runtime's");

const char *uio_dev_root = "/dev";

static int module_open_device(void)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s%s", uio_dev_root, &DDEKIT_DMA_DEVICE[strlen("/dev")]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Refuses a module of another version. */
static int module_check_version(int fd, char **ret_why)
{
	struct ddekit_dma_info info;

	if (ioctl(fd, DDEKIT_DMA_INFO, &info))
		return why(ret_why, -errno, "%s: %s", DDEKIT_DMA_DEVICE, strerror(errno));
	if (info.version != DDEKIT_DMA_VERSION || info.block_size != DDEKIT_DMA_BLOCK)
		return why(ret_why, -EPROTO,
			   "the kernel module %s has interface version %u, %u is "
			   "needed: rmmod it, and install this version's by dkms install",
			   DDEKIT_DMA_MODULE, info.version, DDEKIT_DMA_VERSION);
	return 0;
}

int uio_module_open(char **ret_why)
{
	int fd = module_open_device(), err;

	if (fd == -ENOENT || fd == -ENXIO || fd == -ENODEV) {
		sysfs_load_module(DDEKIT_DMA_MODULE);
		fd = module_open_device();
	}
	if (fd == -ENOENT || fd == -ENXIO || fd == -ENODEV)
		return why(ret_why, -ENOENT,
			   "the kernel module %s is missing: install the "
			   "packages dkms and linux-headers-amd64, then dkms install "
			   "ddekit-dma/VERSION (its source is in /usr/src/ddekit-dma-VERSION)",
			   DDEKIT_DMA_MODULE);
	if (fd < 0)
		return why(ret_why, fd, "open %s: %s", DDEKIT_DMA_DEVICE, strerror(-fd));
	err = module_check_version(fd, ret_why);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static const char *meaning_of_attach(int error)
{
	switch (error) {
	case EPERM:
		return "it needs CAP_SYS_RAWIO (under systemd: the drop-in uio.conf of the "
		       "documentation), and a kernel that is not locked down";
	case EBUSY:
		return "another process has memory for this device";
	case EIO:
		return "the device cannot do DMA below 4 GiB";
	case ESTALE:
		return "the device has no interrupt, or has been removed";
	default:
		return strerror(error);
	}
}

static const char *meaning_of_alloc(int error)
{
	switch (error) {
	case ENOMEM:
		return "the machine has too few free pieces of 4 MiB below 4 GiB: "
		       "try again after echo 1 >/proc/sys/vm/compact_memory, start ddekitd "
		       "early at boot, or set a smaller memory=";
	case ENOSPC:
		return "the limit for all devices is reached: set a smaller memory=, or a larger "
		       "limit_mib, a parameter of the module";
	case EOPNOTSUPP:
		return "on this machine such a device is not coherent with the processor";
	default:
		return strerror(error);
	}
}

int uio_module_fill(int pool, struct ddekit_bdf bdf, int uio, uint64_t size, struct uio_blob *ret,
		    char **ret_why)
{
	struct ddekit_dma_attach a = {
		.domain = bdf.domain, .bus = bdf.bus, .devfn = ddekit_bdf_devfn(bdf), .uio_fd = uio
	};
	struct ddekit_dma_blocks b = { .n_blocks = (uint32_t)(size / DDEKIT_DMA_BLOCK),
				       .addresses = (uint64_t)(uintptr_t)ret->block_iova };

	if (size / DDEKIT_DMA_BLOCK > UIO_MAX_BLOCKS)
		return why(ret_why, -EINVAL,
			   "pool of %llu MiB: the uio backend supports at most %u",
			   (unsigned long long)(size >> 20),
			   UIO_MAX_BLOCKS * (DDEKIT_DMA_BLOCK >> 20));
	if (ioctl(pool, DDEKIT_DMA_ATTACH, &a))
		return why(ret_why, -errno, "%s does not accept the device: %s", DDEKIT_DMA_MODULE,
			   meaning_of_attach(errno));
	if (ioctl(pool, DDEKIT_DMA_ALLOC, &b))
		return why(ret_why, -errno, "%s cannot allocate %llu MiB: %s", DDEKIT_DMA_MODULE,
			   (unsigned long long)(size >> 20), meaning_of_alloc(errno));
	ret->n_blocks = b.n_blocks;
	return 0;
}
