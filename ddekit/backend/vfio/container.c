/* SPDX-License-Identifier: GPL-2.0-only */
/* The IOMMU of a claim: group, container, and the single mapping, that of the pool. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "vfio.h"

/* Range for the pool, whose physical, virtual and device addresses are equal.  A process has no
 * other mappings there; above are the windows of registers. */
#define POOL_LOWEST 0x10000000ull
#define POOL_END 0xe0000000ull
#define POOL_ALIGN (4ull << 20)
/* Interrupt messages of x86; reserved even if the kernel reports no ranges. */
#define MSI_BASE 0xfee00000ull

const char *vfio_root = "/dev/vfio";

/* ---- opening -------------------------------------------------------------- */

static int open_container(char **ret_why)
{
	char path[PATH_MAX], hint[SYSFS_HINT];
	int fd, err;

	snprintf(path, sizeof(path), "%s/vfio", vfio_root);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return why(ret_why, -errno, "open %s: %s%s%s", path, strerror(errno),
			   errno == ENOENT ? "; load the module vfio-pci" : "",
			   sysfs_hint(-errno, hint));
	if (ioctl(fd, VFIO_GET_API_VERSION) == VFIO_API_VERSION &&
	    ioctl(fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) > 0)
		return fd;
	err = why(ret_why, -EOPNOTSUPP,
		  "the kernel's VFIO has no type-1 IOMMU; load the module vfio_iommu_type1");
	close(fd);
	return err;
}

static int open_group(int group, char **ret_why)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[PATH_MAX];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%d", vfio_root, group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return why(ret_why, -errno, "open %s: %s%s", path, strerror(errno),
			   errno == EBUSY ? "; a device of this IOMMU group is in use by "
					    "ddekitd already, or by another program such as "
					    "a virtual machine, and a group has one user"
					  : "");
	if (ioctl(fd, VFIO_GROUP_GET_STATUS, &status))
		err = why(ret_why, -errno, "%s: %s", path, strerror(errno));
	else if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		err = why(ret_why, -EBUSY,
			  "IOMMU group %d has devices with kernel drivers; a "
			  "group can only be claimed as a whole: unbind them first",
			  group);
	else
		return fd;
	close(fd);
	return err;
}

int vfio_container_open(int group, struct vfio_container *ret, char **ret_why)
{
	struct vfio_container c = { .fd = -1, .group = -1 };
	int err;

	c.fd = open_container(ret_why);
	if (c.fd < 0)
		return c.fd;
	c.group = open_group(group, ret_why);
	if (c.group < 0) {
		err = c.group;
		close(c.fd);
		return err;
	}
	if (!ioctl(c.group, VFIO_GROUP_SET_CONTAINER, &c.fd) &&
	    !ioctl(c.fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU)) {
		*ret = c;
		return 0;
	}
	err = why(ret_why, -errno, "join IOMMU group %d and container: %s%s", group,
		  strerror(errno),
		  errno == EPERM ? "; the platform lacks interrupt remapping "
				   "(vfio_iommu_type1.allow_unsafe_interrupts=1 overrides that)"
				 : "");
	close(c.group);
	close(c.fd);
	return err;
}

/* ---- ranges --------------------------------------------------------------- */

/* The lowest aligned address for size bytes in [start, end]. Return: 0: none. */
static uint64_t place_in(uint64_t start, uint64_t end, uint64_t size)
{
	uint64_t at = start < POOL_LOWEST ? POOL_LOWEST : start;

	at = (at + POOL_ALIGN - 1) & ~(POOL_ALIGN - 1);
	if (end >= POOL_END)
		end = POOL_END - 1;
	return at < end && size <= end - at + 1 ? at : 0;
}

static uint64_t place_by_ranges(const struct vfio_iommu_type1_info_cap_iova_range *cap,
				uint64_t size)
{
	uint64_t at = 0;
	uint32_t i;

	for (i = 0; i < cap->nr_iovas && !at; i++)
		at = place_in(cap->iova_ranges[i].start, cap->iova_ranges[i].end, size);
	return at;
}

/* Return: the capability in info; NULL: this kernel reports none. */
static const void *find_ranges(const struct vfio_iommu_type1_info *info)
{
	const struct vfio_info_cap_header *h;
	uint32_t at = info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0;

	while (at && at + sizeof(*h) <= info->argsz) {
		h = (const void *)((const char *)info + at);
		if (h->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			return h;
		at = h->next;
	}
	return NULL;
}

/* Return: the info with its capabilities, to be freed; NULL with errno. */
static struct vfio_iommu_type1_info *iommu_info(int fd)
{
	struct vfio_iommu_type1_info *info = NULL, *grown, head = { .argsz = sizeof(head) };
	uint32_t size;

	if (ioctl(fd, VFIO_IOMMU_GET_INFO, &head))
		return NULL;
	for (size = head.argsz;; size = info->argsz) {
		grown = realloc(info, size);
		if (!grown)
			break;
		info = grown;
		memset(info, 0, size);
		info->argsz = size;
		if (ioctl(fd, VFIO_IOMMU_GET_INFO, info))
			break;
		if (info->argsz <= size)
			return info;
	}
	free(info);
	return NULL;
}

static int choose_base(struct vfio_container *c, uint64_t size, char **ret_why)
{
	struct vfio_iommu_type1_info *info = iommu_info(c->fd);
	const void *ranges;

	if (!info)
		return why(ret_why, -errno, "read the IOMMU's address ranges: %s", strerror(errno));
	ranges = find_ranges(info);
	c->pool_base = ranges ? place_by_ranges(ranges, size) : place_in(0, MSI_BASE - 1, size);
	free(info);
	if (c->pool_base)
		return 0;
	return why(ret_why, -ENOSPC,
		   "the IOMMU has no free range of %llu MiB below 3.5 GiB; set a smaller memory=",
		   (unsigned long long)(size >> 20));
}

/* ---- the pool ------------------------------------------------------------- */

int vfio_container_map(struct vfio_container *c, int pool_fd, uint64_t size, char **ret_why)
{
	struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map),
						.size = size,
						.flags = VFIO_DMA_MAP_FLAG_READ |
							 VFIO_DMA_MAP_FLAG_WRITE };
	int err = choose_base(c, size, ret_why);
	void *at;

	if (err)
		return err;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, pool_fd, 0);
	if (at == MAP_FAILED)
		return why(ret_why, -errno, "map the pool: %s", strerror(errno));
	madvise(at, size, MADV_HUGEPAGE); /* if the host has them */
	map.vaddr = (uintptr_t)at;
	map.iova = c->pool_base;
	if (ioctl(c->fd, VFIO_IOMMU_MAP_DMA, &map))
		err = why(ret_why, -errno, "map %llu MiB of memory= into the IOMMU: %s%s",
			  (unsigned long long)(size >> 20), strerror(errno),
			  errno == ENOMEM ? "; raise LimitMEMLOCK= (ulimit -l) or set a smaller "
					    "memory="
					  : "");
	/* The pages stay pinned. */
	munmap(at, size);
	return err;
}
