// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the 82574L that attacks the machine in its probe; the parameter "what" selects
 * how.  Kernel world, for tests.  If the process survives an attempt, the probe logs the result
 * and returns -ENODEV.
 */
#include <linux/module.h>
#include <linux/string.h>
#include "hostile.h"

static char *what = "nothing";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "the attempt: the name of a case");
int hostile_daemon = 1;
module_param_named(daemon, hostile_daemon, int, 0444);
MODULE_PARM_DESC(daemon, "pid of ddekitd");
int hostile_other = 1;
module_param_named(other, hostile_other, int, 0444);
MODULE_PARM_DESC(other, "pid of another process to attack");
int hostile_proto = 1;
module_param_named(proto, hostile_proto, int, 0444);
MODULE_PARM_DESC(proto, "PROTO_VERSION, so that bad messages pass the first check");
char *hostile_path = "/etc/passwd";
module_param_named(path, hostile_path, charp, 0444);
MODULE_PARM_DESC(path, "file to open");

static const struct hostile_case *find(const struct hostile_case *list)
{
	for (; list->name; list++)
		if (!strcmp(list->name, what))
			return list;
	return NULL;
}

static int hostile_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct hostile_case *c = find(syscall_cases);

	if (!c)
		c = find(exhaust_cases);
	if (!c)
		c = find(device_cases);
	if (!c)
		return dev_err_probe(&pdev->dev, -EINVAL, "what=%s: no such case\n", what);
	c->fn(pdev);
	pr_info("hostile: survived %s\n", what);
	return -ENODEV;
}

static void hostile_remove(struct pci_dev *pdev)
{
}

static const struct pci_device_id hostile_ids[] = { { PCI_DEVICE(0x8086, 0x10d3) }, {} };
MODULE_DEVICE_TABLE(pci, hostile_ids);

static struct pci_driver hostile_driver = {
	.name = "hostile",
	.id_table = hostile_ids,
	.probe = hostile_probe,
	.remove = hostile_remove,
};
module_pci_driver(hostile_driver);

MODULE_DESCRIPTION("A driver that attacks its machine");
MODULE_LICENSE("GPL");
