/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vfio backend with a scripted VFIO: ioctl() plays the kernel; a sparse file is the device,
 * with a region at each 2^40 as in vfio-pci.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/pci_regs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <ddekit/irq.h>
#include "backend/vfio/vfio.h"
#include "rig.h"

#define BUS 1
#define DEVFN 0
#define MIB (1u << 20)
#define REGION(n) ((off_t)(n) << 40)
#define CONFIG REGION(VFIO_PCI_CONFIG_REGION_INDEX)
#define BAR_SIZE 0x4000u
#define BAR_BUS 0xe0000000u
#define MSIX_AT 0x40
#define TABLE_AT 0x2100u /* in a page that has other registers too */

static char root[] = "/tmp/ddekit-vfio-XXXXXX";
static struct ddekit_claim *claim;
static struct ddekit_pci *dev;

/* The kernel's replies, and a log of the calls to it. */
static struct {
	int device;
	uint32_t device_flags, group_flags, msix, msix_flags;
	struct vfio_iova_range range[2];
	bool sparse, bus_busy;
	uint64_t iova, mapped;
	int fds[VFIO_VECTORS];
	int request; /* the eventfd of requests */
	char log[256];
} kernel;

/* ---- the kernel ----------------------------------------------------------- */

static void log_call(const char *word)
{
	size_t len = strlen(kernel.log);

	snprintf(kernel.log + len, sizeof(kernel.log) - len, "%s%s", len ? " " : "", word);
}

static int fail_with(int error)
{
	errno = error;
	return -1;
}

static int iommu_info(struct vfio_iommu_type1_info *info)
{
	struct {
		struct vfio_iommu_type1_info head;
		struct vfio_iommu_type1_info_cap_iova_range cap;
		struct vfio_iova_range range[2];
	} all = { .head = { .argsz = sizeof(all),
			    .flags = VFIO_IOMMU_INFO_CAPS,
			    .cap_offset = sizeof(all.head) },
		  .cap = { .header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, .nr_iovas = 2 } };

	memcpy(all.range, kernel.range, sizeof(all.range));
	memcpy(info, &all, info->argsz < sizeof(all) ? sizeof(all.head) : sizeof(all));
	return 0;
}

/* BAR 0 has registers and the table; all of it can be mapped, or all but a hole. */
static int region_info(struct vfio_region_info *info)
{
	struct {
		struct vfio_region_info head;
		struct vfio_region_info_cap_sparse_mmap cap;
		struct vfio_region_sparse_mmap_area area[2];
	} all = { .head = { .index = info->index, .offset = (uint64_t)REGION(info->index) } };
	uint32_t room = info->argsz;

	if (info->index == VFIO_PCI_CONFIG_REGION_INDEX)
		all.head.size = 4096;
	if (info->index == VFIO_PCI_BAR0_REGION_INDEX) {
		all.head.size = BAR_SIZE;
		all.head.flags = VFIO_REGION_INFO_FLAG_CAPS | VFIO_REGION_INFO_FLAG_MMAP;
		all.head.cap_offset = sizeof(all.head);
		all.cap.header.id = kernel.sparse ? VFIO_REGION_INFO_CAP_SPARSE_MMAP
						  : VFIO_REGION_INFO_CAP_MSIX_MAPPABLE;
		all.cap.nr_areas = 2;
		all.area[0] = (struct vfio_region_sparse_mmap_area){ 0, 0x1000 };
		all.area[1] = (struct vfio_region_sparse_mmap_area){ 0x3000, 0x1000 };
	}
	all.head.argsz = all.head.cap_offset ? sizeof(all) : sizeof(all.head);
	memcpy(info, &all, room < sizeof(all) ? sizeof(all.head) : sizeof(all));
	return 0;
}

static int irq_info(struct vfio_irq_info *info)
{
	info->count = info->index == VFIO_PCI_MSIX_IRQ_INDEX ? kernel.msix : 1;
	info->flags = info->index == VFIO_PCI_MSIX_IRQ_INDEX ? kernel.msix_flags : 0;
	return 0;
}

static int set_irqs(const struct vfio_irq_set *set)
{
	static const char *const names[] = { "intx", "msi", "msix", "error", "request" };
	char word[64];

	ck_assert_uint_lt(set->index, 5);
	snprintf(word, sizeof(word), "%s:%u+%u", names[set->index], set->start, set->count);
	log_call(word);
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD && set->index == VFIO_PCI_MSIX_IRQ_INDEX)
		memcpy(kernel.fds + set->start, set->data, set->count * sizeof(int));
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD && set->index == VFIO_PCI_REQ_IRQ_INDEX)
		memcpy(&kernel.request, set->data, sizeof(int));
	return 0;
}

static int map_dma(const struct vfio_iommu_type1_dma_map *map)
{
	kernel.iova = map->iova;
	kernel.mapped = map->size;
	return 0;
}

static int log_reset(const char *how)
{
	uint16_t command = 0;

	ck_assert_int_eq(pread(kernel.device, &command, 2, CONFIG + PCI_COMMAND), 2);
	log_call(command & PCI_COMMAND_MASTER ? "reset-under-dma" : how);
	return 0;
}

static int device_info(struct vfio_device_info *info)
{
	info->flags = kernel.device_flags;
	return 0;
}

static int group_status(struct vfio_group_status *status)
{
	status->flags = kernel.group_flags;
	return 0;
}

static int device_ioctl(unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		return device_info(arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return irq_info(arg);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(arg);
	case VFIO_DEVICE_RESET:
		return log_reset("function-reset");
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return 0;
	case VFIO_DEVICE_PCI_HOT_RESET:
		return kernel.bus_busy ? fail_with(EINVAL) : log_reset("bus-reset");
	}
	ck_abort_msg("device: ioctl %#lx", request);
	return -1;
}

static int group_ioctl(unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return (uintptr_t)arg == VFIO_TYPE1v2_IOMMU;
	case VFIO_GROUP_SET_CONTAINER:
	case VFIO_SET_IOMMU:
		return 0;
	case VFIO_GROUP_GET_STATUS:
		return group_status(arg);
	case VFIO_GROUP_GET_DEVICE_FD:
		ck_assert_str_eq(arg, "0000:01:00.0");
		return dup(kernel.device);
	case VFIO_IOMMU_GET_INFO:
		return iommu_info(arg);
	case VFIO_IOMMU_MAP_DMA:
		return map_dma(arg);
	}
	ck_abort_msg("group: ioctl %#lx", request);
	return -1;
}

/* Device and group use the same request numbers; the file decides. */
int ioctl(int fd, unsigned long request, ...)
{
	struct stat device, st;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	ck_assert_int_eq(fstat(kernel.device, &device), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	if (st.st_dev == device.st_dev && st.st_ino == device.st_ino)
		return device_ioctl(request, arg);
	return group_ioctl(request, arg);
}

/* ---- the machine ---------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	ck_assert_int_eq(system(command), 0);
}

static void device_put(off_t at, uint32_t size, uint32_t value)
{
	ck_assert_int_eq(pwrite(kernel.device, &value, size, at), (ssize_t)size);
}

static uint32_t device_get(off_t at)
{
	uint32_t value = 0;

	ck_assert_int_eq(pread(kernel.device, &value, 4, at), 4);
	return value;
}

static void make_device(void)
{
	kernel.device = memfd_create("device", MFD_CLOEXEC);
	ck_assert_int_ge(kernel.device, 0);
	ck_assert_int_eq(ftruncate(kernel.device, REGION(VFIO_PCI_NUM_REGIONS)), 0);
	device_put(CONFIG + PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	device_put(CONFIG + PCI_CAPABILITY_LIST, 1, MSIX_AT);
	device_put(CONFIG + MSIX_AT, 4, PCI_CAP_ID_MSIX | (kernel.msix - 1) << 16);
	device_put(CONFIG + MSIX_AT + PCI_MSIX_TABLE, 4, TABLE_AT);
}

static void setup(void)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.device_flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI;
	kernel.group_flags = VFIO_GROUP_FLAGS_VIABLE;
	kernel.msix = 100;
	kernel.range[0] = (struct vfio_iova_range){ 0, 0x103fffff };
	kernel.range[1] = (struct vfio_iova_range){ 0x20000000, 0xfedfffff };
	make_device();
	strcpy(strrchr(root, '-'), "-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	sysfs_root = vfio_root = root;
	shell("cd %s && mkdir -p bus/pci/drivers/vfio-pci bus/pci/devices/0000:01:00.0 "
	      "groups/7/devices/0000:01:00.0 && touch vfio 7 && "
	      "cd bus/pci/devices/0000:01:00.0 && echo flr bus >reset_method && "
	      "ln -s ../../drivers/vfio-pci driver && ln -s ../../../../groups/7 iommu_group",
	      root);
}

static int remove_entry(const char *name, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(name);
}

static void teardown(void)
{
	ddekit_pci_close(dev);
	dev = NULL;
	ddekit_claim_close(claim);
	claim = NULL;
	close(kernel.device);
	nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int open_claim(char **ret_why)
{
	struct ddekit_claim_spec spec = { .bdf = { .bus = BUS },
					  .backend = "vfio",
					  .pool_size = 16 * MIB };

	return ddekit_claim_open(&spec, &claim, ret_why);
}

static void claim_device(void)
{
	char *why = NULL;
	int err = open_claim(&why);

	ck_assert_msg(!err, "%d %s", err, why ? why : "");
	kernel.log[0] = 0;
}

static void claim_and_adopt(void)
{
	struct rig rig = { 0 };

	claim_device();
	rig.claim = claim;
	rig_adopt(&rig);
	dev = rig.pci;
	rig_config_write(&rig, BUS, DEVFN, PCI_BASE_ADDRESS_0, 4, BAR_BUS);
}

static void expect_refused(int want, const char *words)
{
	unsigned int fds = rig_count_fds();
	char *why = NULL;

	ck_assert_int_eq(open_claim(&why), want);
	ck_assert_msg(strstr(why, words) != NULL, "%s", why);
	free(why);
	ck_assert_uint_eq(rig_count_fds(), fds);
}

static void *map_registers(uint32_t offset, uint32_t len)
{
	volatile void *cpu = NULL;
	ddekit_busaddr at = { BAR_BUS + offset };

	ck_assert_int_eq(ddekit_pci_map(dev, at, len, &cpu), 0);
	return (void *)cpu;
}

/* ---- claim ---------------------------------------------------------------- */

START_TEST(a_pool_larger_than_free_memory_is_refused)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/meminfo", root);
	memfile_meminfo = path;
	shell("printf 'MemFree: 99999999 kB\nMemAvailable: 8192 kB\n' >%s", path);
	expect_refused(-ENOMEM, "memory=16M is more than the machine has free (8M");
	ck_assert_uint_eq(kernel.mapped, 0);
	shell("echo 'MemAvailable: 16384 kB' >%s", path);
	claim_device();
	memfile_meminfo = "/proc/meminfo";
}
END_TEST

START_TEST(the_pool_is_in_a_free_range_of_the_iommu)
{
	claim_device();
	ck_assert_uint_eq(kernel.iova, 0x20000000);
	ck_assert_uint_eq(kernel.mapped, 16 * MIB);
}
END_TEST

START_TEST(a_pool_without_free_range_is_refused_and_its_files_closed)
{
	kernel.range[1] = kernel.range[0];
	expect_refused(-ENOSPC, "no free range of 16 MiB");
}
END_TEST

START_TEST(a_group_with_kernel_drivers_is_refused)
{
	kernel.group_flags = 0;
	expect_refused(-EBUSY, "IOMMU group 7");
}
END_TEST

START_TEST(quiesce_stops_dma_before_the_reset_and_interrupts_after_it)
{
	claim_device();
	ck_assert_int_eq(ddekit_claim_quiesce(claim), 0);
	ck_assert_str_eq(kernel.log, "intx:0+0 function-reset msix:0+0 msi:0+0 request:0+1 "
				     "error:0+1");
}
END_TEST

START_TEST(the_bus_is_reset_if_the_device_has_no_reset)
{
	claim_device();
	kernel.device_flags = VFIO_DEVICE_FLAGS_PCI;
	ck_assert_int_eq(ddekit_claim_quiesce(claim), 0);
	ck_assert_ptr_nonnull(strstr(kernel.log, "bus-reset"));
}
END_TEST

START_TEST(a_power_state_reset_is_used_only_on_a_shared_bus)
{
	claim_device();
	shell("echo pm bus >%s/bus/pci/devices/0000:01:00.0/reset_method", root);
	ck_assert_int_eq(ddekit_claim_quiesce(claim), 0);
	ck_assert_ptr_nonnull(strstr(kernel.log, " bus-reset "));
	kernel.log[0] = 0;
	kernel.bus_busy = true;
	ck_assert_int_eq(ddekit_claim_quiesce(claim), 0);
	ck_assert_ptr_nonnull(strstr(kernel.log, " function-reset "));
}
END_TEST

START_TEST(a_device_that_cannot_be_reset_is_an_error)
{
	claim_device();
	kernel.device_flags = VFIO_DEVICE_FLAGS_PCI;
	kernel.bus_busy = true;
	ck_assert_int_eq(ddekit_claim_quiesce(claim), -EINVAL);
}
END_TEST

/* Signals the eventfd of requests. Return: what the claim says of it; the text is compared. */
static int request_device(const char *text)
{
	uint64_t one = 1;
	char *why = NULL;
	int r;

	ck_assert_int_eq(write(kernel.request, &one, sizeof(one)), sizeof(one));
	r = ddekit_claim_death_why(claim, &why);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, text), "%s", why);
	free(why);
	return r;
}

START_TEST(a_request_for_a_device_whose_lock_is_free_is_false)
{
	claim_device();
	ck_assert_int_eq(request_device("the system wants the device back: it is being"), 0);
	shell("mkdir %s/bus/pci/devices/0000:01:00.0/power && "
	      "echo auto >%s/bus/pci/devices/0000:01:00.0/power/control",
	      root, root);
	ck_assert_int_eq(request_device("a false report"), 1);
}
END_TEST

/* ---- registers ------------------------------------------------------------ */

START_TEST(registers_beside_the_table_are_mapped)
{
	char *all, *beside;

	claim_and_adopt();
	all = map_registers(0, BAR_SIZE);
	ck_assert_ptr_nonnull(all);
	*(uint32_t *)(all + 0x2000) = 0x12345678;
	ck_assert_uint_eq(device_get(0x2000), 0x12345678);
	beside = map_registers(0x2000, 0x100);
	ck_assert_ptr_eq(beside, all + 0x2000);
}
END_TEST

START_TEST(writes_to_the_table_do_not_reach_the_device)
{
	uint32_t *table, *entry;

	claim_and_adopt();
	table = map_registers(TABLE_AT, 100 * 16);
	ck_assert_ptr_nonnull(table);
	table[4] = 0xfee00000;
	entry = map_registers(TABLE_AT + 16, 16);
	ck_assert_uint_eq(entry[0], 0xfee00000);
	ck_assert_uint_eq(device_get(TABLE_AT + 16), 0);
	ddekit_pci_write(dev, (ddekit_busaddr){ BAR_BUS + TABLE_AT + 16 }, 4, 7);
	ck_assert_uint_eq(device_get(TABLE_AT + 16), 0);
}
END_TEST

START_TEST(pages_with_only_the_table_are_covered_too)
{
	uint32_t *all;

	kernel.msix = 1024;
	device_put(CONFIG + MSIX_AT, 4, PCI_CAP_ID_MSIX | 1023 << 16);
	device_put(CONFIG + MSIX_AT + PCI_MSIX_TABLE, 4, 0);
	claim_and_adopt();
	all = map_registers(0, BAR_SIZE);
	all[0] = 1;
	ck_assert_uint_eq(device_get(0), 0);
}
END_TEST

START_TEST(registers_that_cannot_be_mapped_are_accessed_by_call)
{
	ddekit_busaddr hole = { BAR_BUS + 0x1010 };
	uint32_t *page;

	kernel.sparse = true;
	claim_and_adopt();
	page = map_registers(0x3000, 0x1000);
	ck_assert_ptr_nonnull(page);
	page[1] = 5;
	ck_assert_uint_eq(device_get(0x3004), 5);
	ck_assert_ptr_null(map_registers(0x1000, 0x1000));
	ck_assert_ptr_null(map_registers(0, BAR_SIZE));
	ddekit_pci_write(dev, hole, 4, 0xabcd);
	ck_assert_uint_eq(device_get(0x1010), 0xabcd);
	ck_assert_uint_eq(ddekit_pci_read(dev, hole, 4), 0xabcd);
}
END_TEST

/* ---- interrupts ----------------------------------------------------------- */

START_TEST(more_than_64_vectors_are_enabled_together)
{
	struct ddekit_irq *irq[100], *again;
	unsigned int i;

	claim_and_adopt();
	ck_assert_int_eq(ddekit_irq_alloc_vectors(dev, BUS, DEVFN, DDEKIT_IRQ_MSIX, 0, 100, irq),
			 0);
	ck_assert_str_eq(kernel.log, "msix:0+100");
	for (i = 0; i < 100; i++)
		ck_assert_int_eq(kernel.fds[i], ddekit_irq_fd(irq[i]));
	ck_assert_int_eq(ddekit_irq_alloc_vectors(dev, BUS, DEVFN, DDEKIT_IRQ_MSIX, 99, 1, &again),
			 -EBUSY);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(dev, BUS, DEVFN, DDEKIT_IRQ_MSIX, 100, 1, &again),
			 -ENOSPC);
	for (i = 0; i < 99; i++)
		ddekit_irq_free(irq[i]);
	ck_assert_str_eq(kernel.log, "msix:0+100");
	ddekit_irq_free(irq[99]);
	ck_assert_str_eq(kernel.log, "msix:0+100 msix:0+0");
}
END_TEST

START_TEST(vectors_are_enabled_at_once_if_none_can_be_added_later)
{
	struct ddekit_irq *irq;

	kernel.msix_flags = VFIO_IRQ_INFO_NORESIZE;
	claim_and_adopt();
	ck_assert_int_eq(ddekit_irq_alloc_vectors(dev, BUS, DEVFN, DDEKIT_IRQ_MSIX, 3, 1, &irq), 0);
	ck_assert_int_eq(kernel.fds[3], ddekit_irq_fd(irq));
	ck_assert_int_eq(ddekit_irq_alloc_vectors(dev, BUS, DEVFN, DDEKIT_IRQ_MSIX, 70, 1, &irq),
			 0);
	ck_assert_int_eq(kernel.fds[70], ddekit_irq_fd(irq));
	ck_assert_str_eq(kernel.log, "msix:0+100");
}
END_TEST

/* ---- eventfds that a driver host has changed -------------------------------- */

static struct ddekit_handover handover;

/* A read of one of them now blocks. */
static void make_eventfds_block(void)
{
	uint32_t i;

	ck_assert_int_eq(ddekit_claim_handover(claim, &handover), 0);
	ck_assert_uint_eq(handover.n_fds, VFIO_FD_VECTORS + 100);
	for (i = VFIO_FD_INTX; i < handover.n_fds; i++)
		ck_assert_int_eq(fcntl(handover.fds[i], F_SETFL, 0), 0);
}

START_TEST(quiesce_does_not_wait_for_eventfds_that_block)
{
	claim_device();
	make_eventfds_block();
	ck_assert_int_eq(ddekit_claim_quiesce(claim), 0);
}
END_TEST

START_TEST(each_driver_host_gets_its_own_eventfds)
{
	uint64_t one = 1;
	uint32_t i;
	int old;

	claim_device();
	make_eventfds_block();
	old = dup(handover.fds[VFIO_FD_INTX]);
	ck_assert_int_eq(ddekit_claim_quiesce(claim), 0);
	ck_assert_int_eq(write(old, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(ddekit_claim_handover(claim, &handover), 0);
	for (i = VFIO_FD_INTX; i < handover.n_fds; i++) {
		ck_assert(!rig_readable(handover.fds[i], 0));
		ck_assert(fcntl(handover.fds[i], F_GETFL) & O_NONBLOCK);
	}
	close(old);
}
END_TEST

START_TEST(a_handover_without_enough_fds_fails_and_leaves_none_open)
{
	struct rlimit limit;
	unsigned int fds;

	claim_device();
	fds = rig_count_fds();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(ddekit_claim_handover(claim, &handover), -EMFILE);
	ck_assert_uint_eq(rig_count_fds(), fds);
}
END_TEST

/* ---- save and restore ----------------------------------------------------- */

START_TEST(a_saved_claim_is_restored_with_all_its_files)
{
	struct ddekit_claim_saved saved;
	struct ddekit_claim *other;
	char *why = NULL;
	uint32_t i;

	claim_device();
	ck_assert_int_eq(ddekit_claim_save(claim, &saved), 0);
	ck_assert_uint_eq(saved.n_fds, 6); /* no driver host's eventfds */
	for (i = 0; i < saved.n_fds; i++)
		saved.fds[i] = dup(saved.fds[i]);
	ck_assert_int_eq(ddekit_claim_restore(&saved, &other, &why), 0);
	free(saved.data);
	ck_assert_int_eq(ddekit_claim_quiesce(other), 0);
	ck_assert_ptr_nonnull(strstr(kernel.log, "function-reset"));
	ck_assert_int_eq(ddekit_claim_handover(other, &handover), 0);
	ck_assert_uint_eq(handover.n_fds, VFIO_FD_VECTORS + 100);
	ddekit_claim_close(other);
}
END_TEST

/* Version 1 is an older format. */
START_TEST(a_claim_saved_by_another_build_is_refused_and_its_files_closed)
{
	struct ddekit_claim_saved saved;
	struct ddekit_claim *other = NULL;
	unsigned int fds;
	char *why = NULL;
	uint32_t i;

	claim_device();
	fds = rig_count_fds();
	ck_assert_int_eq(ddekit_claim_save(claim, &saved), 0);
	for (i = 0; i < saved.n_fds; i++)
		saved.fds[i] = dup(saved.fds[i]);
	((uint32_t *)saved.data)[1] = 1;
	ck_assert_int_eq(ddekit_claim_restore(&saved, &other, &why), -EPROTO);
	ck_assert_ptr_null(other);
	ck_assert_ptr_nonnull(strstr(why, "another build"));
	ck_assert_uint_eq(rig_count_fds(), fds);
	free(saved.data);
	free(why);
}
END_TEST

START_TEST(a_new_claim_remembers_the_driver_before_a_lost_claim)
{
	struct ddekit_claim_spec spec = { .bdf = { .bus = BUS },
					  .backend = "vfio",
					  .pool_size = 16 * MIB,
					  .before = { .changed = true, .driver = "e1000e" } };

	shell("touch %s/bus/pci/devices/0000:01:00.0/driver_override", root);
	ck_assert_int_eq(ddekit_claim_open(&spec, &claim, NULL), 0);
	ck_assert(ddekit_claim_before(claim)->changed);
	ck_assert_str_eq(ddekit_claim_before(claim)->driver, "e1000e");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vfio");
	TCase *c = tcase_create("vfio");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, the_pool_is_in_a_free_range_of_the_iommu);
	tcase_add_test(c, a_pool_without_free_range_is_refused_and_its_files_closed);
	tcase_add_test(c, a_group_with_kernel_drivers_is_refused);
	tcase_add_test(c, a_pool_larger_than_free_memory_is_refused);
	tcase_add_test(c, quiesce_stops_dma_before_the_reset_and_interrupts_after_it);
	tcase_add_test(c, the_bus_is_reset_if_the_device_has_no_reset);
	tcase_add_test(c, a_power_state_reset_is_used_only_on_a_shared_bus);
	tcase_add_test(c, a_device_that_cannot_be_reset_is_an_error);
	tcase_add_test(c, a_request_for_a_device_whose_lock_is_free_is_false);
	tcase_add_test(c, registers_beside_the_table_are_mapped);
	tcase_add_test(c, writes_to_the_table_do_not_reach_the_device);
	tcase_add_test(c, pages_with_only_the_table_are_covered_too);
	tcase_add_test(c, registers_that_cannot_be_mapped_are_accessed_by_call);
	tcase_add_test(c, more_than_64_vectors_are_enabled_together);
	tcase_add_test(c, vectors_are_enabled_at_once_if_none_can_be_added_later);
	tcase_add_test(c, quiesce_does_not_wait_for_eventfds_that_block);
	tcase_add_test(c, each_driver_host_gets_its_own_eventfds);
	tcase_add_test(c, a_handover_without_enough_fds_fails_and_leaves_none_open);
	tcase_add_test(c, a_saved_claim_is_restored_with_all_its_files);
	tcase_add_test(c, a_claim_saved_by_another_build_is_refused_and_its_files_closed);
	tcase_add_test(c, a_new_claim_remembers_the_driver_before_a_lost_claim);
	suite_add_tcase(s, c);
	return suite_run(s);
}
