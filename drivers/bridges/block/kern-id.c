// SPDX-License-Identifier: GPL-2.0-only
/*
 * Block bridge, kernel half: what a disk is called.  Each subsystem shows that in
 * attributes of its own devices, between the disk and the PCI device; their names are
 * the same in all.
 */
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <scsi/scsi_device.h>
#include "kern.h"

#define VPD_HEADER 4

static bool shown(struct kobject *kobj, const struct attribute_group *g, struct attribute *a, int i)
{
	return !g->is_visible || (g->is_visible(kobj, a, i) & ~SYSFS_GROUP_INVISIBLE);
}

static struct device_attribute *find_in(struct device *dev, const struct attribute_group **groups,
					const char *name)
{
	int i;

	for (; groups && *groups; groups++)
		for (i = 0; (*groups)->attrs && (*groups)->attrs[i]; i++) {
			struct attribute *a = (*groups)->attrs[i];

			if (!strcmp(a->name, name) && shown(&dev->kobj, *groups, a, i))
				return container_of(a, struct device_attribute, attr);
		}
	return NULL;
}

static struct device_attribute *find_attribute(struct device *dev, const char *name)
{
	struct device_attribute *a = find_in(dev, dev->groups, name);

	if (!a && dev->class)
		a = find_in(dev, dev->class->dev_groups, name);
	if (!a && dev->type)
		a = find_in(dev, dev->type->groups, name);
	if (!a && dev->bus)
		a = find_in(dev, dev->bus->dev_groups, name);
	return a;
}

/* Text without space around it. Return: is there any? */
static bool copy_id_text(char *to, size_t size, char *text)
{
	text = strim(text);
	if (!*text)
		return false;
	strscpy(to, text, size);
	return true;
}

static bool from_attribute(struct device *dev, const char *name, char *to, size_t size)
{
	struct device_attribute *a = find_attribute(dev, name);
	char *page;
	ssize_t n;
	bool ok;

	if (!a || !a->show)
		return false;
	page = (char *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return false;
	n = a->show(dev, a, page);
	ok = n > 0 && n < PAGE_SIZE && copy_id_text(to, size, page);
	free_page((unsigned long)page);
	return ok;
}

/* The nearest device, from the disk towards the PCI device, that has a name of it. */
static void lookup(struct gendisk *gd, const char *name, char *to, size_t size)
{
	struct device *dev;

	for (dev = disk_to_dev(gd); dev && !dev_is_pci(dev); dev = dev->parent)
		if (from_attribute(dev, name, to, size))
			return;
}

/* A SCSI disk's serial number is in a page of its data, not in a text. */
static void scsi_serial(struct gendisk *gd, char *to, size_t size)
{
	struct device *dev = disk_to_dev(gd)->parent;
	const struct scsi_vpd *vpd;
	char text[64] = "";

	if (!dev || !dev->type || !dev->type->name || strcmp(dev->type->name, "scsi_device"))
		return;
	rcu_read_lock();
	vpd = rcu_dereference(to_scsi_device(dev)->vpd_pg80);
	if (vpd && vpd->len > VPD_HEADER)
		memcpy(text, vpd->data + VPD_HEADER,
		       min_t(size_t, vpd->len - VPD_HEADER, sizeof(text) - 1));
	rcu_read_unlock();
	copy_id_text(to, size, text);
}

void disk_identify(struct gendisk *gd, struct dde_block_disk *d)
{
	strscpy(d->name, gd->disk_name, sizeof(d->name));
	lookup(gd, "model", d->model, sizeof(d->model));
	if (!d->model[0]) /* what MMC calls it */
		lookup(gd, "name", d->model, sizeof(d->model));
	lookup(gd, "wwid", d->wwid, sizeof(d->wwid));
	scsi_serial(gd, d->serial, sizeof(d->serial));
	if (!d->serial[0])
		lookup(gd, "serial", d->serial, sizeof(d->serial));
}

void disk_driver(struct gendisk *gd, char *name, size_t size)
{
	struct device *dev;

	for (dev = disk_to_dev(gd); dev; dev = dev->parent)
		if (dev_is_pci(dev) && dev->driver) {
			strscpy(name, dev->driver->name, size);
			return;
		}
}
