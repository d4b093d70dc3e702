/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's PCI devices with their kernel drivers, by libpci. */
#include <pci/pci.h>
#include <setjmp.h>

#include "show.h"

/* libpci ends the program on an error unless it is told otherwise. */
static jmp_buf pci_failed;

static void __attribute__((noreturn)) on_pci_error(char *fmt, ...)
{
	longjmp(pci_failed, 1);
}

static struct json_object *describe_pci(struct pci_access *access, struct pci_dev *dev)
{
	struct json_object *o = json_object_new_object();
	char text[256];
	const char *driver, *group;

	pci_fill_info(dev,
		      PCI_FILL_IDENT | PCI_FILL_CLASS | PCI_FILL_DRIVER | PCI_FILL_IOMMU_GROUP);
	snprintf(text, sizeof(text), "%04x:%02x:%02x.%x", (unsigned int)dev->domain, dev->bus,
		 dev->dev, dev->func);
	json_object_object_add(o, "bdf", json_object_new_string(text));
	snprintf(text, sizeof(text), "%04x:%04x", dev->vendor_id, dev->device_id);
	json_object_object_add(o, "id", json_object_new_string(text));
	driver = pci_get_string_property(dev, PCI_FILL_DRIVER);
	json_object_object_add(o, "driver", driver ? json_object_new_string(driver) : NULL);
	group = pci_get_string_property(dev, PCI_FILL_IOMMU_GROUP);
	json_object_object_add(o, "iommu_group", group ? json_object_new_string(group) : NULL);
	pci_lookup_name(access, text, sizeof(text), PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
			dev->vendor_id, dev->device_id);
	json_object_object_add(o, "name", json_object_new_string(text));
	return o;
}

struct json_object *pci_devices(void)
{
	struct json_object *list = json_object_new_array();
	struct pci_access *access = pci_alloc();
	struct pci_dev *dev;

	access->error = on_pci_error;
	if (setjmp(pci_failed))
		return list; /* no PCI in this machine */
	pci_init(access);
	pci_scan_bus(access);
	for (dev = access->devices; dev; dev = dev->next)
		json_object_array_add(list, describe_pci(access, dev));
	pci_cleanup(access);
	return list;
}
