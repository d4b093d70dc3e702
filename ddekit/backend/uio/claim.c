/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The privileged half of the uio backend: it claims the device from its kernel driver,
 * quiesces it after each driver host, and releases it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "uio.h"

#define PAGE 4096u

static struct uio_claim *to_claim(struct ddekit_claim *claim)
{
	return (struct uio_claim *)claim;
}

/* ---- object --------------------------------------------------------------- */

struct uio_claim *uio_claim_create(void)
{
	struct uio_claim *c = calloc(1, sizeof(*c));
	unsigned int i;

	if (!c)
		return NULL;
	c->pool = c->uio = c->handed = c->config = -1;
	for (i = 0; i < UIO_BARS; i++)
		c->resource[i] = -1;
	c->blob.magic = UIO_BLOB_MAGIC;
	return c;
}

/* The pool first: when its last user closes it, the module stops the device. */
void uio_claim_destroy(struct uio_claim *c)
{
	unsigned int i;

	fd_close(&c->pool);
	fd_close(&c->handed);
	fd_close(&c->uio);
	fd_close(&c->config);
	for (i = 0; i < UIO_BARS; i++)
		fd_close(&c->resource[i]);
	free(c);
}

/* ---- claim ---------------------------------------------------------------- */

#define UIO_NAME 32 /* bytes, of "uio0" */

/* Return: 1: it is a uio device, buf has its name. */
static int uio_note_name(const char *name, void *buf)
{
	if (strncmp(name, "uio", 3) || strlen(name) >= UIO_NAME)
		return 0;
	strcpy(buf, name);
	return 1;
}

/* Return: the fd, -errno. */
static int uio_open(struct ddekit_bdf bdf, char **ret_why)
{
	char path[PATH_MAX], name[UIO_NAME], hint[SYSFS_HINT];
	int fd;

	if (sysfs_each(bdf, "uio", uio_note_name, name) != 1)
		return why(ret_why, -ENOENT, "%s made no uio device; see the kernel's log",
			   UIO_DRIVER);
	snprintf(path, sizeof(path), "%s/%s", uio_dev_root, name);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? why(ret_why, -errno, "open %s: %s%s", path, strerror(errno),
			    sysfs_hint(-errno, hint))
		      : fd;
}

/* One register by its line "START END FLAGS" in sysfs' file resource. */
static int bar_open(struct uio_claim *c, struct ddekit_bdf bdf, unsigned int n, const char *line,
		    char **ret_why)
{
	unsigned long long start, end, flags;
	char name[16];
	int fd;

	if (sscanf(line, "%llx %llx %llx", &start, &end, &flags) != 3)
		return why(ret_why, -EPROTO, "sysfs: resource: line %u is malformed", n + 1);
	if (!flags || end <= start)
		return 0;
	snprintf(name, sizeof(name), "resource%u", n);
	fd = sysfs_open(bdf, name, O_RDWR);
	if (fd == -ENOENT) /* the kernel had no room for it */
		return 0;
	if (fd < 0)
		return why(ret_why, fd, "open %s: %s", name, strerror(-fd));
	c->resource[n] = fd;
	c->blob.bar[n] = (struct uio_bar){ .size = end - start + 1, .page_offset = start % PAGE };
	return 0;
}

static int bars_open(struct uio_claim *c, struct ddekit_bdf bdf, char **ret_why)
{
	int fd = sysfs_open(bdf, "resource", O_RDONLY), err = 0;
	char line[128];
	unsigned int n;
	FILE *f;

	if (fd < 0)
		return why(ret_why, fd, "open resource: %s", strerror(-fd));
	f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	for (n = 0; n < UIO_BARS && !err && fgets(line, sizeof(line), f); n++)
		err = bar_open(c, bdf, n, line, ret_why);
	fclose(f);
	return err;
}

static int command_read(const struct uio_claim *c, uint16_t *ret)
{
	if (pread(c->config, ret, sizeof(*ret), PCI_COMMAND) != sizeof(*ret))
		return -EIO;
	return *ret == 0xffff ? -ENODEV : 0;
}

/* Bus mastering and interrupts off. */
static int device_stop(const struct uio_claim *c)
{
	uint16_t command;
	int err = command_read(c, &command);
	ssize_t n;

	if (err)
		return err;
	command &= ~PCI_COMMAND_MASTER;
	command |= PCI_COMMAND_INTX_DISABLE;
	n = pwrite(c->config, &command, sizeof(command), PCI_COMMAND);
	if (n != sizeof(command))
		return n < 0 ? -errno : -EIO;
	return command_read(c, &command); /* the device's earlier writes have arrived */
}

/* The device is bound to uio_pci_generic, the pool is open. */
static int device_set_up(struct uio_claim *c, const struct ddekit_claim_spec *spec, char **ret_why)
{
	char hint[SYSFS_HINT];
	int err;

	c->config = sysfs_open(spec->bdf, "config", O_RDWR);
	if (c->config < 0)
		return why(ret_why, c->config, "open config: %s%s", strerror(-c->config),
			   sysfs_hint(c->config, hint));
	err = device_stop(c);
	if (err == -EPERM)
		return why(ret_why, err, "its registers cannot be written: %s%s", strerror(-err),
			   sysfs_hint(err, hint));
	if (err)
		return why(ret_why, err, "the device does not answer");
	c->uio = uio_open(spec->bdf, ret_why);
	if (c->uio < 0)
		return c->uio;
	err = bars_open(c, spec->bdf, ret_why);
	if (!err)
		err = uio_module_fill(c->pool, spec->bdf, c->uio, spec->pool_size, &c->blob,
				      ret_why);
	return err;
}

int uio_claim_open(const struct ddekit_claim_spec *spec, struct ddekit_claim **ret, char **ret_why)
{
	struct uio_claim *c = uio_claim_create();
	struct ddekit_before before = spec->before;
	int err;

	if (!c)
		return why(ret_why, -ENOMEM, "no memory");
	c->pool = uio_module_open(ret_why);
	err = c->pool < 0 ? c->pool : 0;
	if (!err)
		err = sysfs_bind(spec->bdf, UIO_DRIVER, &before, ret_why);
	if (!err)
		err = device_set_up(c, spec, ret_why);
	if (err) {
		uio_claim_destroy(c);
		sysfs_restore(spec->bdf, &before);
		return err;
	}
	c->base.before = before;
	*ret = &c->base;
	return 0;
}

/* ---- hand over ------------------------------------------------------------ */

/*
 * Each driver host gets a file of its own, in which earlier interrupts do not count.  When the
 * last copy of such a file is closed, uio_pci_generic switches bus mastering off: never close it
 * while a driver host runs.
 */
int uio_claim_handover(struct ddekit_claim *claim, struct ddekit_handover *ret)
{
	struct uio_claim *c = to_claim(claim);
	unsigned int i;

	_Static_assert(sizeof(c->blob) <= sizeof(ret->blob), "the blob fits into a handover");
	fd_close(&c->handed);
	c->handed = uio_open(claim->bdf, NULL);
	if (c->handed < 0)
		return c->handed;
	ret->pool_base = UIO_POOL_BASE;
	ret->pool_size = c->blob.n_blocks * DDEKIT_POOL_BLOCK;
	ret->pool_offset = 0;
	ret->pool_fd = UIO_FD_POOL;
	ret->fds[UIO_FD_POOL] = c->pool;
	ret->fds[UIO_FD_UIO] = c->handed;
	ret->fds[UIO_FD_CONFIG] = c->config;
	ret->n_fds = UIO_FD_BARS;
	for (i = 0; i < UIO_BARS; i++)
		if (c->blob.bar[i].size)
			ret->fds[ret->n_fds++] = c->resource[i];
	memcpy(ret->blob, &c->blob, sizeof(c->blob));
	ret->blob_len = sizeof(c->blob);
	return 0;
}

/* ---- quiesce -------------------------------------------------------------- */

/* The kernel saves config space, resets the function by the method it prefers, and restores
 * config space. Return: 0, -ENOENT (the device has no reset), -errno. */
static int device_reset(struct ddekit_bdf bdf)
{
	int fd = sysfs_open(bdf, "reset", O_WRONLY), err;

	if (fd < 0)
		return fd;
	err = write(fd, "1", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

int uio_claim_quiesce(struct ddekit_claim *claim)
{
	struct uio_claim *c = to_claim(claim);
	int err = device_stop(c);
	uint32_t count;

	if (!err)
		err = device_reset(claim->bdf);
	if (err == -ENOENT) /* it is stopped; the next driver resets it in its own way */
		err = 0;
	fd_close(&c->handed);
	/* Is the device still bound to uio? No driver host has this file: it does not block. */
	if (!err && read(c->uio, &count, sizeof(count)) < 0 && errno == EIO)
		err = -ENODEV;
	return err;
}

/* ---- death ---------------------------------------------------------------- */

/* uio reports an unplugged device by an error on the file that the driver host waits for; the
 * driver host then ends. */
int uio_claim_death_fd(struct ddekit_claim *claim)
{
	return -1;
}

int uio_claim_death_why(struct ddekit_claim *claim, char **ret_why)
{
	char driver[SYSFS_NAME];
	uint16_t command;

	if (!sysfs_present(claim->bdf))
		return why(ret_why, 0, "the device has been removed");
	if (sysfs_link(claim->bdf, "driver", driver) || strcmp(driver, UIO_DRIVER))
		return why(ret_why, 0, "the device is no longer bound to " UIO_DRIVER);
	return command_read(to_claim(claim), &command) == 0
		       ? -EBUSY
		       : why(ret_why, 0, "the device does not answer");
}

int uio_claim_monitor(struct ddekit_claim *claim, const char *command, const char *arguments,
		      char **ret_reply)
{
	return -EOPNOTSUPP;
}

pid_t uio_claim_pid(struct ddekit_claim *claim)
{
	return 0;
}

/* ---- release -------------------------------------------------------------- */

void uio_claim_close(struct ddekit_claim *claim)
{
	struct uio_claim *c = to_claim(claim);
	struct ddekit_before before = claim->before;
	struct ddekit_bdf bdf = claim->bdf;

	uio_claim_quiesce(claim);
	uio_claim_destroy(c);
	sysfs_restore(bdf, &before);
}
