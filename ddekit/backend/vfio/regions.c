/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers mapped into the process.  The MSI-X table is ordinary memory: what the runtime's
 * kernel writes there must not reach the device.  The kernel maps the table by its exact range
 * (msix_map_region()), so a page that it shares with other registers (which PCI 3.0, 6.8.2,
 * only advises against) is the device's in all other mappings; pages that contain nothing but
 * the table are covered in all mappings.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "vfio.h"

static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- areas that can be mapped --------------------------------------------- */

static void add_area(struct vfio_region *r, uint64_t offset, uint64_t size)
{
	if (r->n_areas < VFIO_AREAS && size && offset < r->size)
		r->area[r->n_areas++] = (struct vfio_area){ .offset = offset, .size = size };
}

/* Return: whether the region lists the parts that can be mapped. */
static bool add_sparse(struct vfio_region *r, const struct vfio_region_info *info)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	uint32_t at = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0, i;

	while (at && at + sizeof(sparse->header) <= info->argsz) {
		sparse = (const void *)((const char *)info + at);
		if (sparse->header.id == VFIO_REGION_INFO_CAP_SPARSE_MMAP) {
			for (i = 0; i < sparse->nr_areas; i++)
				add_area(r, sparse->areas[i].offset, sparse->areas[i].size);
			return true;
		}
		at = sparse->header.next;
	}
	return false;
}

/* To be freed; NULL with errno. */
static struct vfio_region_info *region_info(int device, unsigned int n)
{
	struct vfio_region_info head = { .argsz = sizeof(head), .index = n }, *info;
	uint32_t size;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &head))
		return NULL;
	size = head.argsz > sizeof(head) ? head.argsz : (uint32_t)sizeof(head);
	info = calloc(1, size);
	if (!info)
		return NULL;
	info->argsz = size;
	info->index = n;
	if (!ioctl(device, VFIO_DEVICE_GET_REGION_INFO, info))
		return info;
	free(info);
	return NULL;
}

int vfio_region_init(struct vfio_pci *v, unsigned int n)
{
	struct vfio_region_info *info = region_info(v->device, n);
	struct vfio_region *r = &v->region[n];

	if (!info) /* such as a missing ROM */
		return errno == EINVAL ? 0 : -errno;
	r->size = info->size;
	r->file_offset = info->offset;
	if (info->flags & VFIO_REGION_INFO_FLAG_MMAP && !add_sparse(r, info))
		add_area(r, 0, (r->size + page_size() - 1) & ~(page_size() - 1));
	free(info);
	return 0;
}

void vfio_region_finish(struct vfio_region *r)
{
	uint32_t i;

	for (i = 0; i < r->n_areas; i++)
		if (r->area[i].cpu)
			munmap((void *)r->area[i].cpu, r->area[i].size);
	r->n_areas = 0;
}

/* ---- mapping -------------------------------------------------------------- */

int vfio_table_init(struct vfio_pci *v)
{
	v->table = calloc(1, v->table_size);
	return v->table ? 0 : -ENOMEM;
}

/* Covers the pages that contain nothing but the table. */
static int cover_table(struct vfio_pci *v, unsigned int n, const struct vfio_area *a,
		       volatile char *cpu)
{
	uint64_t mask = page_size() - 1, start, end;

	if (n != v->table_bar)
		return 0;
	start = (v->table_offset + mask) & ~mask;
	end = (v->table_offset + v->table_size) & ~mask;
	if (start < a->offset)
		start = a->offset;
	if (end > a->offset + a->size)
		end = a->offset + a->size;
	if (start >= end)
		return 0;
	if (mmap((char *)cpu + (start - a->offset), end - start, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	return 0;
}

static int map_area(struct vfio_pci *v, unsigned int n, struct vfio_area *a)
{
	void *cpu = mmap(NULL, a->size, PROT_READ | PROT_WRITE, MAP_SHARED, v->device,
			 (off_t)(v->region[n].file_offset + a->offset));
	int err;

	if (cpu == MAP_FAILED)
		return -errno;
	err = cover_table(v, n, a, cpu);
	if (err)
		munmap(cpu, a->size);
	else
		a->cpu = cpu;
	return err;
}

volatile void *vfio_region_map(struct vfio_pci *v, unsigned int n, uint64_t offset, uint64_t len)
{
	struct vfio_region *r = &v->region[n];
	uint64_t in_table = offset - v->table_offset;
	uint32_t i;

	if (n == v->table_bar && offset >= v->table_offset && in_table < v->table_size &&
	    len <= v->table_size - in_table)
		return v->table + in_table;
	for (i = 0; i < r->n_areas; i++) {
		struct vfio_area *a = &r->area[i];

		if (offset < a->offset || len > a->size || offset - a->offset > a->size - len)
			continue;
		if (!a->cpu && map_area(v, n, a))
			return NULL;
		return a->cpu + (offset - a->offset);
	}
	return NULL;
}
