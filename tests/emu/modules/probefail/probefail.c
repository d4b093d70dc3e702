// SPDX-License-Identifier: GPL-2.0-only
/* A driver for the 82574L whose probe fails: kernel world, for tests. */
#include <linux/module.h>
#include <linux/pci.h>

static int probefail_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return dev_err_probe(&pdev->dev, -EIO, "made to fail\n");
}

static void probefail_remove(struct pci_dev *pdev)
{
}

static const struct pci_device_id probefail_ids[] = { { PCI_DEVICE(0x8086, 0x10d3) }, {} };
MODULE_DEVICE_TABLE(pci, probefail_ids);

static struct pci_driver probefail_driver = {
	.name = "probefail",
	.id_table = probefail_ids,
	.probe = probefail_probe,
	.remove = probefail_remove,
};
module_pci_driver(probefail_driver);

MODULE_DESCRIPTION("A driver whose probe fails");
MODULE_LICENSE("GPL");
