// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an NVMe controller tells of itself, by admin commands that only read
 * (NVM Express 1.4, 5.14 and 5.15).
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <asm/dde.h>
#include "compat.h"
#include "nvme.h" /* of drivers/nvme/host */

static int is_controller(struct device *dev, MATCH_ARG *arg)
{
	return dev->class && !strcmp(dev->class->name, "nvme");
}

/* Return: with a reference; NULL: the driver has made none. */
static struct device *find_controller(void)
{
	struct pci_dev *pci = NULL;
	struct device *dev = NULL;

	for_each_pci_dev(pci) {
		dev = device_find_child(&pci->dev, NULL, is_controller);
		if (dev) {
			pci_dev_put(pci);
			break;
		}
	}
	return dev;
}

/* Return: bytes that the command transfers, -EINVAL. */
static int make_command(const char *name, u32 nsid, struct nvme_command *c)
{
	memset(c, 0, sizeof(*c));
	if (!strcmp(name, "nvme.controller")) {
		c->identify.opcode = nvme_admin_identify;
		c->identify.cns = NVME_ID_CNS_CTRL;
		return sizeof(struct nvme_id_ctrl);
	}
	if (!strcmp(name, "nvme.namespace")) {
		c->identify.opcode = nvme_admin_identify;
		c->identify.cns = NVME_ID_CNS_NS;
		c->identify.nsid = cpu_to_le32(nsid);
		return sizeof(struct nvme_id_ns);
	}
	if (!strcmp(name, "nvme.smart")) {
		c->get_log_page.opcode = nvme_admin_get_log_page;
		c->get_log_page.nsid = cpu_to_le32(NVME_NSID_ALL);
		c->get_log_page.lid = NVME_LOG_SMART;
		c->get_log_page.numdl = cpu_to_le16(sizeof(struct nvme_smart_log) / sizeof(u32) -
						    1);
		return sizeof(struct nvme_smart_log);
	}
	return -EINVAL;
}

/* An inactive namespace is all zeros (NVM Express 1.4, 5.15.2.2). */
static bool is_inactive(const struct nvme_command *c, const void *page)
{
	const struct nvme_id_ns *ns = page;

	return c->identify.opcode == nvme_admin_identify && c->identify.cns == NVME_ID_CNS_NS &&
	       !ns->nsze;
}

/* @status: of nvme_submit_sync_cmd(). Positive: the controller's. */
static int to_error(int status)
{
	if (status <= 0)
		return status;
	return (status & 0x7ff) == NVME_SC_INVALID_NS ? -ENXIO : -EREMOTEIO;
}

static int read_page(struct nvme_ctrl *ctrl, struct nvme_command *c, void *data, int len)
{
	void *page;
	int err;

	if (nvme_ctrl_state(ctrl) != NVME_CTRL_LIVE)
		return -EAGAIN;
	page = kzalloc(len, GFP_KERNEL); /* the device reaches no static memory */
	if (!page)
		return -ENOMEM;
	err = to_error(nvme_submit_sync_cmd(ctrl->admin_q, c, page, len));
	if (!err && is_inactive(c, page))
		err = -ENXIO;
	if (!err)
		memcpy(data, page, len);
	kfree(page);
	return err ?: len;
}

/* See dde_page_fn; also -ENXIO: no active namespace of that number. */
static int page(const char *name, u32 number, void *data, u32 size)
{
	struct nvme_command c;
	int len = make_command(name, number, &c);
	struct device *dev;

	if (len < 0 || size < len)
		return -EINVAL;
	dev = find_controller();
	if (!dev)
		return -ENODEV;
	len = read_page(container_of(dev, struct nvme_ctrl, ctrl_device), &c, data, len);
	put_device(dev);
	return len;
}

static int __init pages_init(void)
{
	return dde_set_page_hook(page);
}

static void __exit pages_exit(void)
{
	dde_set_page_hook(NULL);
}

module_init(pages_init);
module_exit(pages_exit);
MODULE_DESCRIPTION("DDEKit: what an NVMe controller tells of itself");
MODULE_LICENSE("GPL");
