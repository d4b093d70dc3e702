/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI function of this machine in sysfs: which kernel driver it is bound to, and binding it
 * to another one.  For the backends of real devices; private to ddekit/.  Any thread.
 */
#ifndef DDEKIT_SYSFS_H
#define DDEKIT_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <ddekit/pci.h>

#define SYSFS_NAME DDEKIT_DRIVER_NAME

/* Where sysfs is mounted; tests have a tree of their own. */
extern const char *sysfs_root;

bool sysfs_present(struct ddekit_bdf bdf);
/* Opens a file of the function. Return: the fd, close-on-exec; -errno. */
int sysfs_open(struct ddekit_bdf bdf, const char *file, int flags);
/* Name at the end of a link ("driver", "iommu_group"). buf: SYSFS_NAME bytes.
 * Return: 0, -ENOENT. */
int sysfs_link(struct ddekit_bdf bdf, const char *file, char *buf);
/* A file's first line without newline. Return: 0, -errno. */
int sysfs_line(struct ddekit_bdf bdf, const char *file, char *buf, size_t size);

/* Does the kernel hold the function's lock, as it does all the while it removes or unbinds it?
 * Waits up to half a second. true also if that cannot be found out. */
bool sysfs_is_locked(struct ddekit_bdf bdf);

#define SYSFS_HINT 192
/* Where AppArmor says by which profile this process is confined; tests have a file of their own. */
extern const char *sysfs_apparmor;
/* What may have refused an access to the device, and the next step: "; …", or "" if @err is no
 * refusal or nothing is known. buf: SYSFS_HINT bytes. Return: buf. */
const char *sysfs_hint(int err, char *buf);

/* Calls @fn for each entry of a folder of the function until @fn returns non-zero.
 * Return: that value, 0, or -errno if the folder cannot be read. */
int sysfs_each(struct ddekit_bdf bdf, const char *folder, int (*fn)(const char *name, void *arg),
	       void *arg);

/* Loads a module with modprobe. Return: 0, -errno, or modprobe's exit status. */
int sysfs_load_module(const char *module);

/**
 * sysfs_bind - bind a function to a kernel driver
 * @driver:     "vfio-pci"; its module is loaded if necessary
 * @before:     for sysfs_restore(); untouched if the function has the driver already
 * @ret_why:    on failure names the cause and the next step
 *
 * On failure the function has its former driver again. Blocks for as long as that driver takes
 * to release the device, which may be seconds. Return: 0, -ENODEV, -ENOENT (no such driver),
 * -EBUSY (the driver does not accept it), -errno.
 */
int sysfs_bind(struct ddekit_bdf bdf, const char *driver, struct ddekit_before *before,
	       char **ret_why);
/* Binds a function to its former driver. Does nothing if the function has gone.
 * Return: 0, -errno (the former driver does not accept it). */
int sysfs_restore(struct ddekit_bdf bdf, const struct ddekit_before *before);

/**
 * sysfs_group_check - can a function be used apart from the rest of its IOMMU group?
 * @driver: the driver that all of the group must have; bridges and functions without a
 *          driver are ignored
 * Return: the group's number; -EOPNOTSUPP (no IOMMU), -EBUSY (another member has another
 * driver), with a message in *ret_why.
 */
int sysfs_group_check(struct ddekit_bdf bdf, const char *driver, char **ret_why);

#endif
