/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The privileged half of the vfio backend: it claims the device from its kernel driver,
 * quiesces it after each driver host, and releases it.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "vfio.h"

#define HOT_RESET_DEVICES 64

static struct vfio_claim *to_claim(struct ddekit_claim *claim)
{
	return (struct vfio_claim *)claim;
}

/* ---- object --------------------------------------------------------------- */

struct vfio_claim *vfio_claim_create(void)
{
	struct vfio_claim *c = calloc(1, sizeof(*c));
	unsigned int i;

	if (!c)
		return NULL;
	c->container.fd = c->container.group = -1;
	c->device = c->pool = c->request_fd = c->error_fd = c->death_fd = c->events.intx = -1;
	for (i = 0; i < VFIO_VECTORS; i++)
		c->events.vector[i] = -1;
	return c;
}

static void events_close(struct vfio_events *e)
{
	unsigned int i;

	fd_close(&e->intx);
	for (i = 0; i < VFIO_VECTORS; i++)
		fd_close(&e->vector[i]);
}

void vfio_claim_destroy(struct vfio_claim *c)
{
	fd_close(&c->device);
	fd_close(&c->container.group);
	fd_close(&c->container.fd);
	fd_close(&c->pool);
	fd_close(&c->request_fd);
	fd_close(&c->error_fd);
	fd_close(&c->death_fd);
	events_close(&c->events);
	free(c);
}

/* ---- claim ---------------------------------------------------------------- */

static int make_pool(struct vfio_claim *c)
{
	int fd = memfile_create("ddekit-pool");

	if (fd < 0)
		return fd;
	c->pool = fd;
	if (ftruncate(fd, (off_t)c->pool_size))
		return -errno;
	return 0;
}

static int make_eventfd(int *ret)
{
	*ret = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return *ret < 0 ? -errno : 0;
}

/* The larger of the numbers of MSI and MSI-X vectors. */
static uint32_t count_vectors(int device)
{
	static const uint32_t index[] = { VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX };
	uint32_t n = 0, i;

	for (i = 0; i < 2; i++) {
		struct vfio_irq_info info = { .argsz = sizeof(info), .index = index[i] };

		if (!ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info) && info.count > n)
			n = info.count;
	}
	return n > VFIO_VECTORS ? VFIO_VECTORS : n;
}

static int make_notices(struct vfio_claim *c)
{
	int err = make_eventfd(&c->request_fd);

	return err ? err : make_eventfd(&c->error_fd);
}

static int epoll_add(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

int vfio_claim_watch(struct vfio_claim *c)
{
	int err;

	c->death_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->death_fd < 0)
		return -errno;
	err = epoll_add(c->death_fd, c->request_fd);
	return err ? err : epoll_add(c->death_fd, c->error_fd);
}

/* A device without AER has no error interrupt. Return: 0, -errno. */
static int request_notices(struct vfio_claim *c)
{
	int err = vfio_irqs_set(c->device, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &c->request_fd);

	vfio_irqs_set(c->device, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, &c->error_fd);
	return err;
}

static int device_open(struct vfio_claim *c, struct ddekit_bdf bdf, char **ret_why)
{
	char text[DDEKIT_BDF_STRLEN];

	c->device = ioctl(c->container.group, VFIO_GROUP_GET_DEVICE_FD,
			  ddekit_bdf_format(bdf, text));
	if (c->device < 0)
		return why(ret_why, -errno, "open %s by vfio: %s; see the kernel's log", text,
			   strerror(errno));
	return 0;
}

/* The device is bound to vfio-pci. */
static int device_set_up(struct vfio_claim *c, struct ddekit_bdf bdf, int group, char **ret_why)
{
	int err = vfio_container_open(group, &c->container, ret_why);

	if (err)
		return err;
	err = memfile_check_room(c->pool_size, ret_why);
	if (err)
		return err;
	err = make_pool(c);
	if (err)
		return why(ret_why, err, "make the pool: %s", strerror(-err));
	err = vfio_container_map(&c->container, c->pool, c->pool_size, ret_why);
	if (!err)
		err = device_open(c, bdf, ret_why);
	if (err)
		return err;
	c->n_vectors = count_vectors(c->device);
	err = make_notices(c);
	if (!err)
		err = vfio_claim_watch(c);
	if (err)
		return why(ret_why, err, "make eventfds: %s", strerror(-err));
	request_notices(c);
	return 0;
}

int vfio_claim_open(const struct ddekit_claim_spec *spec, struct ddekit_claim **ret, char **ret_why)
{
	struct vfio_claim *c = vfio_claim_create();
	struct ddekit_before before = spec->before;
	int err, group;

	if (!c)
		return why(ret_why, -ENOMEM, "no memory");
	c->pool_size = spec->pool_size;
	err = sysfs_present(spec->bdf) ? sysfs_group_check(spec->bdf, VFIO_DRIVER, ret_why) : 0;
	group = err;
	if (err >= 0)
		err = sysfs_bind(spec->bdf, VFIO_DRIVER, &before, ret_why);
	if (!err)
		err = device_set_up(c, spec->bdf, group, ret_why);
	if (err) {
		vfio_claim_destroy(c);
		sysfs_restore(spec->bdf, &before);
		return err;
	}
	c->base.before = before;
	*ret = &c->base;
	return 0;
}

/* ---- hand over ------------------------------------------------------------ */

static int events_renew(struct vfio_claim *c)
{
	uint32_t i;
	int err;

	events_close(&c->events);
	err = make_eventfd(&c->events.intx);
	for (i = 0; i < c->n_vectors && !err; i++)
		err = make_eventfd(&c->events.vector[i]);
	if (err)
		events_close(&c->events);
	return err;
}

int vfio_claim_handover(struct ddekit_claim *claim, struct ddekit_handover *ret)
{
	struct vfio_claim *c = to_claim(claim);
	struct vfio_blob blob = { .magic = VFIO_BLOB_MAGIC, .n_vectors = c->n_vectors };
	int err = events_renew(c);
	uint32_t i;

	if (err)
		return err;
	ret->pool_base = c->container.pool_base;
	ret->pool_size = c->pool_size;
	ret->pool_offset = 0;
	ret->pool_fd = VFIO_FD_POOL;
	ret->fds[VFIO_FD_DEVICE] = c->device;
	ret->fds[VFIO_FD_POOL] = c->pool;
	ret->fds[VFIO_FD_INTX] = c->events.intx;
	for (i = 0; i < c->n_vectors; i++)
		ret->fds[VFIO_FD_VECTORS + i] = c->events.vector[i];
	ret->n_fds = VFIO_FD_VECTORS + c->n_vectors;
	memcpy(ret->blob, &blob, sizeof(blob));
	ret->blob_len = sizeof(blob);
	return 0;
}

/* ---- quiesce -------------------------------------------------------------- */

static int64_t config_offset(int device)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
					 .index = VFIO_PCI_CONFIG_REGION_INDEX };

	return ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) ? -errno : (int64_t)info.offset;
}

/* Return: 0; -ENODEV (it does not answer), -errno. */
static int command_read(int device, int64_t *ret_at, uint16_t *ret)
{
	int64_t at = config_offset(device);

	if (at < 0)
		return (int)at;
	*ret_at = at + PCI_COMMAND;
	if (pread(device, ret, sizeof(*ret), *ret_at) != sizeof(*ret))
		return -EIO;
	return *ret == 0xffff ? -ENODEV : 0;
}

static int stop_dma(int device)
{
	uint16_t command;
	int64_t at;
	int err = command_read(device, &at, &command);

	if (err)
		return err;
	command &= ~PCI_COMMAND_MASTER;
	return pwrite(device, &command, sizeof(command), at) == sizeof(command) ? 0 : -EIO;
}

/* Resets bus or slot, if all that is on it is in our group. */
static int hot_reset(struct vfio_claim *c)
{
	union {
		struct vfio_pci_hot_reset_info head;
		char room[sizeof(struct vfio_pci_hot_reset_info) +
			  HOT_RESET_DEVICES * sizeof(struct vfio_pci_dependent_device)];
	} info = { .head.argsz = sizeof(info) };
	union {
		struct vfio_pci_hot_reset head;
		char room[sizeof(struct vfio_pci_hot_reset) + sizeof(int32_t)];
	} reset = { .head = { .argsz = sizeof(reset), .count = 1 } };

	if (ioctl(c->device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &info))
		return -errno;
	reset.head.group_fds[0] = c->container.group;
	return ioctl(c->device, VFIO_DEVICE_PCI_HOT_RESET, &reset) ? -errno : 0;
}

/* PM reset works only if No_Soft_Reset is clear, and not with QEMU's devices: the bus reset is
 * safer. */
static bool prefers_bus(struct ddekit_bdf bdf)
{
	char methods[128];

	return !sysfs_line(bdf, "reset_method", methods, sizeof(methods)) &&
	       !strncmp(methods, "pm", 2);
}

/* The function's own reset, by the method that the kernel prefers; else the bus reset. */
static int device_reset(struct vfio_claim *c)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	bool bus_first = prefers_bus(c->base.bdf);

	if (bus_first && !hot_reset(c))
		return 0;
	if (ioctl(c->device, VFIO_DEVICE_GET_INFO, &info))
		return -errno;
	if (info.flags & VFIO_DEVICE_FLAGS_RESET && !ioctl(c->device, VFIO_DEVICE_RESET))
		return 0;
	return bus_first ? -EIO : hot_reset(c);
}

/*
 * Without bus mastering the device sends no messages either.  Message interrupts are disabled
 * only after the reset: disabled earlier, a device that is still busy would switch to its INTx
 * line, and QEMU's e1000e aborts QEMU if messages are enabled again too soon.
 *
 * The driver host had the device's file and may have replaced the eventfds of request and error
 * by its own: they are set again.
 */
int vfio_claim_quiesce(struct ddekit_claim *claim)
{
	struct vfio_claim *c = to_claim(claim);
	int err = stop_dma(c->device);

	vfio_irqs_off(c->device, VFIO_PCI_INTX_IRQ_INDEX);
	if (err != -ENODEV)
		err = device_reset(c);
	vfio_irqs_off(c->device, VFIO_PCI_MSIX_IRQ_INDEX);
	vfio_irqs_off(c->device, VFIO_PCI_MSI_IRQ_INDEX);
	events_close(&c->events);
	request_notices(c);
	return err;
}

/* ---- death ---------------------------------------------------------------- */

int vfio_claim_death_fd(struct ddekit_claim *claim)
{
	return to_claim(claim)->death_fd;
}

static bool eventfd_fired(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}

/* The driver host has the device's file, by which it can signal the eventfd too. */
static int is_wanted(struct ddekit_bdf bdf, char **ret_why)
{
	if (sysfs_is_locked(bdf))
		return why(ret_why, 0,
			   "the system wants the device back: it is being removed or unbound");
	return why(ret_why, 1, "a false report that the system wants the device back");
}

int vfio_claim_death_why(struct ddekit_claim *claim, char **ret_why)
{
	struct vfio_claim *c = to_claim(claim);
	uint16_t command;
	int64_t at;

	if (!sysfs_present(claim->bdf))
		return why(ret_why, 0, "the device has been removed");
	if (eventfd_fired(c->request_fd))
		return is_wanted(claim->bdf, ret_why);
	if (eventfd_fired(c->error_fd))
		return why(ret_why, 1, "the device reported an uncorrectable PCI Express error");
	return command_read(c->device, &at, &command) == -ENODEV
		       ? why(ret_why, 0, "the device does not answer")
		       : -EBUSY;
}

int vfio_claim_rearm(struct ddekit_claim *claim)
{
	return request_notices(to_claim(claim));
}

int vfio_claim_monitor(struct ddekit_claim *claim, const char *command, const char *arguments,
		       char **ret_reply)
{
	return -EOPNOTSUPP;
}

pid_t vfio_claim_pid(struct ddekit_claim *claim)
{
	return 0;
}

/* ---- release -------------------------------------------------------------- */

void vfio_claim_close(struct ddekit_claim *claim)
{
	struct vfio_claim *c = to_claim(claim);
	struct ddekit_before before = claim->before;
	struct ddekit_bdf bdf = claim->bdf;

	vfio_claim_quiesce(claim);
	vfio_claim_destroy(c);
	sysfs_restore(bdf, &before);
}
