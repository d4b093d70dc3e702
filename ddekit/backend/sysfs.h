/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI function of this machine in sysfs: which kernel driver has it, and giving
 * it to another.  For the backends of real devices; private to ddekit/.  Any thread.
 */
#ifndef DDEKIT_SYSFS_H
#define DDEKIT_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <ddekit/pci.h>

#define SYSFS_NAME DDEKIT_DRIVER_NAME

/* Where /sys is; tests have a tree of their own. */
extern const char *sysfs_root;

bool sysfs_present(struct ddekit_bdf bdf);
/* Opens a file of the function. Return: the fd, close-on-exec; -errno. */
int sysfs_open(struct ddekit_bdf bdf, const char *file, int flags);
/* Name at the end of a link ("driver", "iommu_group"). buf: SYSFS_NAME bytes.
 * Return: 0, -ENOENT. */
int sysfs_link(struct ddekit_bdf bdf, const char *file, char *buf);
/* A file's first line without newline. Return: 0, -errno. */
int sysfs_line(struct ddekit_bdf bdf, const char *file, char *buf, size_t size);

/* Calls @fn for each entry of a folder of the function, until it returns something else than 0.
 * Return: that, 0; -errno: the folder cannot be read. */
int sysfs_each(struct ddekit_bdf bdf, const char *folder, int (*fn)(const char *name, void *arg),
	       void *arg);

/* Has modprobe load a module. Return: 0, -errno, or modprobe's exit status. */
int sysfs_load_module(const char *module);

/**
 * sysfs_bind - give a function to a kernel driver
 * @driver:     "vfio-pci"; its module is loaded if need be
 * @before:     for sysfs_restore(); untouched if the function has the driver already
 * @ret_why:    on failure names the cause and the next step
 *
 * On failure the function has the driver it had. May block for seconds: a driver
 * lets go of its device. Return: 0, -ENODEV, -ENOENT (no such driver), -EBUSY
 * (the driver does not take it), -errno.
 */
int sysfs_bind(struct ddekit_bdf bdf, const char *driver, struct ddekit_before *before,
	       char **ret_why);
/* Gives it back to the driver it had. Nothing happens to one that has gone.
 * Return: 0, -errno (the former driver does not take it). */
int sysfs_restore(struct ddekit_bdf bdf, const struct ddekit_before *before);

/**
 * sysfs_group_check - may a function be taken out of its IOMMU group?
 * @driver: that all of the group must have; bridges and functions without a
 *          driver do no harm
 * Return: the group's number; -EOPNOTSUPP (no IOMMU), -EBUSY (a companion has
 * another driver); *ret_why tells.
 */
int sysfs_group_check(struct ddekit_bdf bdf, const char *driver, char **ret_why);

#endif
