/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The uio backend, with ordinary files for the device's config space, registers and interrupts.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <ddekit/irq.h>
#include "backend/uio/uio.h"
#include "rig.h"

extern const struct backend uio_backend;

#define BLOCKS 3u
#define MEM_SIZE 0x20000u
#define MEM_BUS 0xe0040000u
#define PORT_BUS 0xc020u
#define MSI_AT 0x50
#define MSIX_AT 0x60

static int config_fd, mem_fd, port_fd, irq_fd;
static struct ddekit_pci *dev;
static struct ddekit_handover handover;

static const uint64_t iova[BLOCKS] = { 0x40000000, 0x40400000, 0x7fc00000 };

/* ---- the device ----------------------------------------------------------- */

static int make_memfd(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	return fd;
}

static void device_put(uint32_t reg, uint32_t size, uint32_t value)
{
	ck_assert_int_eq(pwrite(config_fd, &value, size, reg), (ssize_t)size);
}

static uint32_t device_get(uint32_t reg, uint32_t size)
{
	uint32_t value = 0;

	ck_assert_int_eq(pread(config_fd, &value, size, reg), (ssize_t)size);
	return value;
}

static void make_config(void)
{
	config_fd = make_memfd("config", 256);
	device_put(PCI_VENDOR_ID, 4, 0x10d38086);
	device_put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_IO | PCI_COMMAND_INTX_DISABLE);
	device_put(PCI_BASE_ADDRESS_0, 4, 0xfebc0000);
	device_put(PCI_BASE_ADDRESS_0 + 8, 4, 0x3001);
	device_put(PCI_CAPABILITY_LIST, 1, MSI_AT);
	device_put(MSI_AT, 2, PCI_CAP_ID_MSI | MSIX_AT << 8);
	device_put(MSIX_AT, 2, PCI_CAP_ID_MSIX);
}

static void make_handover(void)
{
	struct uio_blob blob = { .magic = UIO_BLOB_MAGIC, .n_blocks = BLOCKS };
	int pair[2];

	ck_assert_int_eq(pipe2(pair, O_NONBLOCK | O_CLOEXEC), 0);
	irq_fd = pair[1];
	mem_fd = make_memfd("mem", MEM_SIZE);
	port_fd = make_memfd("ports", 32);
	blob.bar[0].size = MEM_SIZE;
	blob.bar[2].size = 32;
	memcpy(blob.block_iova, iova, sizeof(iova));
	memset(&handover, 0, sizeof(handover));
	handover.version = DDEKIT_HANDOVER_VERSION;
	strcpy(handover.backend, "uio");
	handover.bdf = (struct ddekit_bdf){ .bus = 3, .dev = 2, .fn = 1 };
	handover.pool_base = UIO_POOL_BASE;
	handover.pool_size = BLOCKS * DDEKIT_POOL_BLOCK;
	handover.pool_fd = UIO_FD_POOL;
	handover.fds[UIO_FD_POOL] = make_memfd("pool", handover.pool_size);
	handover.fds[UIO_FD_UIO] = pair[0];
	handover.fds[UIO_FD_CONFIG] = dup(config_fd);
	handover.fds[UIO_FD_BARS] = dup(mem_fd);
	handover.fds[UIO_FD_BARS + 1] = dup(port_fd);
	handover.n_fds = UIO_FD_BARS + 2;
	memcpy(handover.blob, &blob, sizeof(blob));
	handover.blob_len = sizeof(blob);
}

static void config_write(uint32_t reg, uint32_t size, uint32_t value)
{
	ck_assert_int_eq(ddekit_pci_config_write(dev, 3, 2 << 3 | 1, reg, size, value), 0);
}

static uint32_t config_read(uint32_t reg, uint32_t size)
{
	uint32_t value;

	ck_assert_int_eq(ddekit_pci_config_read(dev, 3, 2 << 3 | 1, reg, size, &value), 0);
	return value;
}

static void setup(void)
{
	make_config();
	make_handover();
	ck_assert_int_eq(ddekit_pci_adopt(&handover, &dev), 0);
	config_write(PCI_BASE_ADDRESS_0, 4, MEM_BUS);
	config_write(PCI_BASE_ADDRESS_0 + 8, 4, PORT_BUS);
}

static void teardown(void)
{
	ddekit_pci_close(dev);
	close(config_fd);
	close(mem_fd);
	close(port_fd);
	close(irq_fd);
}

/* ---- tests ------------------------------------------------------------------ */

START_TEST(a_malformed_handover_is_refused_and_its_files_closed)
{
	struct ddekit_pci *other = NULL;
	int fd;

	make_handover();
	handover.n_fds--;
	fd = handover.fds[UIO_FD_CONFIG];
	close(handover.fds[UIO_FD_BARS + 1]);
	ck_assert_int_eq(ddekit_pci_adopt(&handover, &other), -EPROTO);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	ck_assert_ptr_null(other);
}
END_TEST

START_TEST(the_pool_has_the_addresses_of_its_blocks)
{
	const struct ddekit_pool *pool = ddekit_pci_pool(dev);

	ck_assert_uint_eq((uintptr_t)pool->cpu, UIO_POOL_BASE);
	ck_assert_uint_eq(pool->size, BLOCKS * DDEKIT_POOL_BLOCK);
	ck_assert_mem_eq(pool->block_iova, iova, sizeof(iova));
}
END_TEST

START_TEST(registers_are_at_the_addresses_that_the_runtime_assigns)
{
	ddekit_busaddr at = { MEM_BUS + 0x100 }, beyond = { MEM_BUS + MEM_SIZE };
	volatile void *cpu;
	uint32_t value = 0;

	ck_assert_int_eq(ddekit_pci_map(dev, at, 0x1000, &cpu), 0);
	*(volatile uint32_t *)cpu = 0x12345678;
	ck_assert_int_eq(pread(mem_fd, &value, 4, 0x100), 4);
	ck_assert_uint_eq(value, 0x12345678);
	ddekit_pci_write(dev, at, 2, 0xabcd);
	ck_assert_uint_eq(ddekit_pci_read(dev, at, 4), 0x1234abcd);
	ck_assert_int_eq(ddekit_pci_map(dev, at, MEM_SIZE, &cpu), -ENXIO);
	ck_assert_uint_eq(ddekit_pci_read(dev, beyond, 4), 0xffffffff);
	/* The device's own registers did not change. */
	ck_assert_uint_eq(device_get(PCI_BASE_ADDRESS_0, 4), 0xfebc0000);
	ck_assert_uint_eq(config_read(PCI_BASE_ADDRESS_0, 4), MEM_BUS);
	config_write(PCI_BASE_ADDRESS_0, 4, ~0u);
	ck_assert_uint_eq(config_read(PCI_BASE_ADDRESS_0, 4), (uint32_t)-MEM_SIZE);
}
END_TEST

START_TEST(ports_are_accessed_through_their_file)
{
	uint16_t value = 0;

	ddekit_pci_out(dev, PORT_BUS + 4, 2, 0xbeef);
	ck_assert_int_eq(pread(port_fd, &value, 2, 4), 2);
	ck_assert_uint_eq(value, 0xbeef);
	ck_assert_uint_eq(ddekit_pci_in(dev, PORT_BUS + 5, 1), 0xbe);
	ck_assert_uint_eq(ddekit_pci_in(dev, PORT_BUS + 32, 1), 0xff);
}
END_TEST

START_TEST(other_functions_are_absent_and_config_space_has_an_end)
{
	uint32_t value = 5;

	ck_assert_int_eq(ddekit_pci_config_read(dev, 3, 2 << 3, 0, 4, &value), -ENODEV);
	ck_assert_int_eq(ddekit_pci_config_read(dev, 0, 2 << 3 | 1, 0, 4, &value), -ENODEV);
	ck_assert_uint_eq(value, 5);
	ck_assert_uint_eq(config_read(PCI_VENDOR_ID, 4), 0x10d38086);
	ck_assert_uint_eq(config_read(0x100, 4), 0xffffffff);
}
END_TEST

START_TEST(message_interrupts_are_refused_and_never_enabled)
{
	struct ddekit_irq *irq;

	ck_assert_int_eq(ddekit_irq_alloc_vectors(dev, 3, 2 << 3 | 1, DDEKIT_IRQ_MSIX, 0, 1, &irq),
			 -EOPNOTSUPP);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(dev, 3, 2 << 3 | 1, DDEKIT_IRQ_MSI, 0, 1, &irq),
			 -EOPNOTSUPP);
	config_write(MSI_AT + PCI_MSI_FLAGS, 2, 0xffff);
	ck_assert_uint_eq(device_get(MSI_AT + PCI_MSI_FLAGS, 2), 0xfffe);
	config_write(MSI_AT, 4, 0x00015005 | MSIX_AT << 8);
	ck_assert_uint_eq(device_get(MSI_AT + PCI_MSI_FLAGS, 2) & 1, 0);
	config_write(MSIX_AT + PCI_MSIX_FLAGS, 2, 0xc000);
	ck_assert_uint_eq(device_get(MSIX_AT + PCI_MSIX_FLAGS, 2), 0x4000);
	config_write(MSIX_AT + PCI_MSIX_FLAGS + 1, 1, 0x80);
	ck_assert_uint_eq(device_get(MSIX_AT + PCI_MSIX_FLAGS, 2) & 0x8000, 0);
	config_write(MSIX_AT, 4, 0xffff0011);
	ck_assert_uint_eq(device_get(MSIX_AT + PCI_MSIX_FLAGS, 2), 0x7fff);
}
END_TEST

static void count_call(void *arg)
{
	++*(int *)arg;
}

static bool intx_disabled(void)
{
	return device_get(PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE;
}

START_TEST(an_interrupt_masks_the_line_in_the_device)
{
	struct ddekit_irq *irq;
	uint32_t count = 1;
	int calls = 0;

	ck_assert_int_eq(ddekit_irq_intx(dev, 2 << 3, 1, &irq), 0);
	ddekit_irq_set_handler(irq, count_call, &calls);
	ck_assert(intx_disabled());
	ck_assert_int_eq(ddekit_pci_service(dev), 0); /* no interrupt: does not block */
	ddekit_irq_unmask(irq);
	ck_assert(!intx_disabled());
	ck_assert_int_eq(write(irq_fd, &count, 4), 4);
	ck_assert_int_eq(ddekit_pci_service(dev), 0);
	ck_assert_int_eq(calls, 1);
	ck_assert_int_eq(write(irq_fd, &count, 4), 4); /* late: the line is already masked */
	ck_assert_int_eq(ddekit_pci_service(dev), 0);
	ck_assert_int_eq(calls, 1);
	ddekit_irq_unmask(irq);
	ddekit_irq_mask(irq);
	ck_assert(intx_disabled());
}
END_TEST

START_TEST(the_runtime_sees_its_own_interrupt_disable_bit)
{
	struct ddekit_irq *irq;

	ck_assert_uint_eq(config_read(PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE, 0);
	config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	ck_assert_uint_eq(device_get(PCI_COMMAND, 2),
			  PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
	ck_assert_uint_eq(config_read(PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	ck_assert_int_eq(ddekit_irq_intx(dev, 2 << 3, 1, &irq), 0);
	config_write(PCI_COMMAND + 1, 1, PCI_COMMAND_INTX_DISABLE >> 8);
	ck_assert_uint_eq(config_read(PCI_COMMAND + 1, 1), PCI_COMMAND_INTX_DISABLE >> 8);
	ddekit_irq_unmask(irq); /* the runtime disabled it as well */
	ck_assert(intx_disabled());
	config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	ck_assert(!intx_disabled());
}
END_TEST

START_TEST(the_message_says_how_to_get_a_missing_module)
{
	struct ddekit_claim_spec spec = { .backend = "uio", .pool_size = 16 << 20 };
	struct ddekit_claim *claim = NULL;
	char *text = NULL;

	uio_dev_root = "/nonexistent";
	ck_assert_int_eq(ddekit_claim_open(&spec, &claim, &text), -ENOENT);
	ck_assert_ptr_nonnull(strstr(text, "dkms"));
	ck_assert_ptr_null(claim);
	free(text);
}
END_TEST

START_TEST(a_claim_of_another_build_is_refused)
{
	struct ddekit_claim_saved saved = { .len = 4 };
	struct ddekit_claim *claim = NULL;

	saved.data = calloc(1, 4);
	ck_assert_int_eq(uio_claim_restore(&saved, &claim, NULL), -EPROTO);
	ck_assert_ptr_null(claim);
	free(saved.data);
}
END_TEST

/* ---- a claim, with trees made by the test --------------------------------------- */

static char root[] = "/tmp/ddekit-uio-XXXXXX";

static void shell(const char *format, const char *text)
{
	char command[512];

	snprintf(command, sizeof(command), format, text);
	ck_assert_int_eq(system(command), 0);
}

/* The uio device is a fifo: it can be opened twice, and a read blocks, as nothing writes to it. */
static void make_trees(void)
{
	strcpy(strrchr(root, '-'), "-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	shell("cd %s && mkdir -p bus/pci/devices/0000:03:02.1/uio/uio5 && mkfifo uio5 && "
	      "touch bus/pci/devices/0000:03:02.1/reset",
	      root);
	sysfs_root = uio_dev_root = root;
}

static int open_fifo(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/uio5", root);
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

/* A claim with all files of the device. */
static struct uio_claim *make_claim(void)
{
	struct uio_claim *c = uio_claim_create();

	make_trees();
	make_handover();
	c->base.bdf = handover.bdf;
	memcpy(&c->blob, handover.blob, sizeof(c->blob));
	c->pool = handover.fds[UIO_FD_POOL];
	close(handover.fds[UIO_FD_UIO]);
	handover.fds[UIO_FD_UIO] = c->uio = open_fifo();
	ck_assert_int_ge(c->uio, 0);
	c->config = handover.fds[UIO_FD_CONFIG];
	c->resource[0] = handover.fds[UIO_FD_BARS];
	c->resource[2] = handover.fds[UIO_FD_BARS + 1];
	return c;
}

static void end_claim(struct uio_claim *c)
{
	uio_claim_destroy(c);
	shell("rm -r %s", root);
}

START_TEST(quiesce_does_not_wait_on_the_file_of_a_driver_host)
{
	struct uio_claim *c = make_claim();
	struct ddekit_handover h = { 0 };

	ck_assert_int_eq(uio_backend.claim.handover(&c->base, &h), 0);
	ck_assert_int_eq(fcntl(h.fds[UIO_FD_UIO], F_SETFL, 0), 0);
	ck_assert_int_eq(uio_backend.claim.quiesce(&c->base), 0);
	end_claim(c);
}
END_TEST

START_TEST(each_driver_host_gets_its_own_uio_file)
{
	struct uio_claim *c = make_claim();
	struct ddekit_handover h = { 0 };

	ck_assert_int_eq(uio_backend.claim.handover(&c->base, &h), 0);
	ck_assert_int_eq(fcntl(h.fds[UIO_FD_UIO], F_SETFL, 0), 0);
	ck_assert_int_eq(uio_backend.claim.handover(&c->base, &h), 0);
	ck_assert(fcntl(h.fds[UIO_FD_UIO], F_GETFL) & O_NONBLOCK);
	ck_assert_int_ne(h.fds[UIO_FD_UIO], c->uio);
	shell("rm %s/uio5", root);
	ck_assert_int_eq(uio_backend.claim.handover(&c->base, &h), -ENOENT);
	end_claim(c);
}
END_TEST

START_TEST(a_saved_claim_is_restored_with_its_files)
{
	struct uio_claim *c = make_claim();
	struct ddekit_claim_saved saved = { 0 };
	struct ddekit_claim *again = NULL;
	struct ddekit_handover h;

	ck_assert_int_eq(uio_claim_save(&c->base, &saved), 0);
	ck_assert_uint_eq(saved.n_fds, handover.n_fds);
	ck_assert_mem_eq(saved.fds, handover.fds, handover.n_fds * sizeof(int));
	saved.n_fds--;
	ck_assert_int_eq(uio_claim_restore(&saved, &again, NULL), -EBADF);
	saved.n_fds++;
	ck_assert_int_eq(uio_claim_restore(&saved, &again, NULL), 0);
	again->bdf = handover.bdf;
	memset(&h, 0, sizeof(h));
	ck_assert_int_eq(uio_backend.claim.handover(again, &h), 0);
	h.fds[UIO_FD_UIO] = handover.fds[UIO_FD_UIO]; /* each handover opens its own */
	ck_assert_mem_eq(h.fds, handover.fds, handover.n_fds * sizeof(int));
	ck_assert_mem_eq(h.blob, handover.blob, handover.blob_len);
	free(saved.data);
	free(c);
	end_claim((struct uio_claim *)again);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("uio");
	TCase *c = tcase_create("uio");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_malformed_handover_is_refused_and_its_files_closed);
	tcase_add_test(c, the_pool_has_the_addresses_of_its_blocks);
	tcase_add_test(c, registers_are_at_the_addresses_that_the_runtime_assigns);
	tcase_add_test(c, ports_are_accessed_through_their_file);
	tcase_add_test(c, other_functions_are_absent_and_config_space_has_an_end);
	tcase_add_test(c, message_interrupts_are_refused_and_never_enabled);
	tcase_add_test(c, an_interrupt_masks_the_line_in_the_device);
	tcase_add_test(c, the_runtime_sees_its_own_interrupt_disable_bit);
	tcase_add_test(c, the_message_says_how_to_get_a_missing_module);
	tcase_add_test(c, a_claim_of_another_build_is_refused);
	tcase_add_test(c, quiesce_does_not_wait_on_the_file_of_a_driver_host);
	tcase_add_test(c, each_driver_host_gets_its_own_uio_file);
	tcase_add_test(c, a_saved_claim_is_restored_with_its_files);
	suite_add_tcase(s, c);
	return suite_run(s);
}
