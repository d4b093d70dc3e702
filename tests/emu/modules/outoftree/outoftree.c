// SPDX-License-Identifier: GPL-2.0-only
/*
 * An out-of-tree module: uses two in-tree modules (mii, crc8), has parameters of every kind,
 * reads firmware, requests other modules, and has a bug, which a write to "boom" triggers.  As a
 * driver it binds to the 82574L and does nothing with it.
 */
#include <linux/completion.h>
#include <linux/crc32.h>
#include <linux/crc8.h>
#include <linux/firmware.h>
#include <linux/kmod.h>
#include <linux/mii.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

#define FIRMWARE "outoftree/blob.bin"

static struct device *device;

/* ---- parameters ------------------------------------------------------------------ */

static bool flag;
module_param(flag, bool, 0644);
MODULE_PARM_DESC(flag, "a truth");
static bool inverse = true;
module_param(inverse, invbool, 0644);
MODULE_PARM_DESC(inverse, "its opposite");
static unsigned char small = 200;
module_param(small, byte, 0644);
static short brief = -5;
module_param(brief, short, 0644);
static int number = -42;
module_param(number, int, 0644);
MODULE_PARM_DESC(number, "a number");
static unsigned int hex = 0xcafe;
module_param(hex, hexint, 0644);
static unsigned long long huge = 1ull << 40;
module_param(huge, ullong, 0644);
static char *words = "as built";
module_param(words, charp, 0644);
static char fixed_text[16] = "sixteen";
module_param_string(text, fixed_text, sizeof(fixed_text), 0644);
static int list[4] = { 1, 2, 3 };
static int n_list = 3;
module_param_array(list, int, &n_list, 0644);
MODULE_PARM_DESC(list, "up to four numbers");
static int readonly = 7;
module_param(readonly, int, 0444);
static int hidden = 8;
module_param(hidden, int, 0);
static char *firmware = FIRMWARE;
module_param(firmware, charp, 0444);
static char *init_request;
module_param(init_request, charp, 0444);
MODULE_PARM_DESC(init_request, "a module to request while loading");

static int even_only(const char *val, const struct kernel_param *kp)
{
	int n, err = kstrtoint(val, 0, &n);

	if (err)
		return err;
	if (n & 1)
		return -EINVAL;
	*(int *)kp->arg = n;
	return 0;
}

static const struct kernel_param_ops even_ops = { .set = even_only, .get = param_get_int };
static int even = 2;
module_param_cb(even, &even_ops, &even, 0644);

/* The result of the last write to one of the parameters below. */
static int result;
module_param(result, int, 0444);

/* Two frames, for the backtrace. */
static noinline int fall_over(int depth)
{
	BUG_ON(depth == number);
	return depth + 1;
}

static int set_boom(const char *val, const struct kernel_param *kp)
{
	result = fall_over(number);
	return 0;
}

static const struct kernel_param_ops boom_ops = { .set = set_boom };
module_param_cb(boom, &boom_ops, NULL, 0200);

static int set_hold(const char *val, const struct kernel_param *kp)
{
	__module_get(THIS_MODULE);
	return 0;
}

static const struct kernel_param_ops hold_ops = { .set = set_hold };
module_param_cb(hold, &hold_ops, NULL, 0200);

static char *copy_word(const char *val)
{
	char *copy = kstrdup(val, GFP_KERNEL);

	return copy ? strim(copy) : NULL;
}

static int set_request(const char *val, const struct kernel_param *kp)
{
	char *name = copy_word(val);

	if (!name)
		return -ENOMEM;
	result = kp->arg ? request_module_nowait("%s", name) : request_module("%s", name);
	kfree(name);
	return 0;
}

static const struct kernel_param_ops request_ops = { .set = set_request };
module_param_cb(request, &request_ops, NULL, 0200);
module_param_cb(request_nowait, &request_ops, &result, 0200);

/* ---- firmware -------------------------------------------------------------------- */

static unsigned int firmware_crc;
module_param(firmware_crc, uint, 0444);
static unsigned long firmware_size;
module_param(firmware_size, ulong, 0444);

static void record_firmware(const struct firmware *fw)
{
	firmware_size = fw ? fw->size : 0;
	firmware_crc = fw ? ~crc32_le(~0, fw->data, fw->size) : 0;
	release_firmware(fw);
}

static int set_load(const char *val, const struct kernel_param *kp)
{
	const struct firmware *fw = NULL;
	char *name = copy_word(val);

	if (!name)
		return -ENOMEM;
	result = kp->arg ? firmware_request_nowarn(&fw, name, device)
			 : request_firmware(&fw, name, device);
	record_firmware(fw);
	kfree(name);
	return 0;
}

static const struct kernel_param_ops load_ops = { .set = set_load };
module_param_cb(load, &load_ops, NULL, 0200);
module_param_cb(load_nowarn, &load_ops, &result, 0200);

static DECLARE_COMPLETION(firmware_came);

static void on_firmware(const struct firmware *fw, void *context)
{
	record_firmware(fw);
	complete(&firmware_came);
}

static int set_load_nowait(const char *val, const struct kernel_param *kp)
{
	char *name = copy_word(val);

	if (!name)
		return -ENOMEM;
	reinit_completion(&firmware_came);
	result = request_firmware_nowait(THIS_MODULE, true, name, device, GFP_KERNEL, NULL,
					 on_firmware);
	if (!result)
		wait_for_completion(&firmware_came);
	kfree(name);
	return 0;
}

static const struct kernel_param_ops load_nowait_ops = { .set = set_load_nowait };
module_param_cb(load_nowait, &load_nowait_ops, NULL, 0200);

/* ---- the two modules it uses -------------------------------------------------------- */

static int mdio_read(struct net_device *dev, int phy, int reg)
{
	return reg == MII_BMSR ? BMSR_LSTATUS : 0;
}

static struct mii_if_info mii = { .phy_id_mask = 0x1f,
				  .reg_num_mask = 0x1f,
				  .mdio_read = mdio_read };

DECLARE_CRC8_TABLE(crc8_table);

/* The CRC of "123456789" with polynomial 7 is 0xf4. */
static u8 check_of_crc8(void)
{
	crc8_populate_msb(crc8_table, 7);
	return crc8(crc8_table, "123456789", 9, 0);
}

/* ---- driver ----------------------------------------------------------------------- */

static int oot_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct firmware *fw;
	int err = request_firmware(&fw, firmware, &pdev->dev);

	if (err) {
		dev_err(&pdev->dev, "no firmware %s: error %d\n", firmware, err);
		return err;
	}
	dev_info(&pdev->dev, "firmware %s: %zu bytes\n", firmware, fw->size);
	record_firmware(fw);
	dev_info(&pdev->dev, "mii link %d, crc8 %#x, flag %d, number %d, words %s\n",
		 mii_link_ok(&mii), check_of_crc8(), flag, number, words);
	device = &pdev->dev;
	return 0;
}

static void oot_remove(struct pci_dev *pdev)
{
	device = NULL;
}

static const struct pci_device_id oot_ids[] = { { PCI_DEVICE(0x8086, 0x10d3) }, { 0 } };
MODULE_DEVICE_TABLE(pci, oot_ids);

static struct pci_driver oot_driver = {
	.name = "outoftree",
	.id_table = oot_ids,
	.probe = oot_probe,
	.remove = oot_remove,
};

static int __init oot_init(void)
{
	if (init_request) {
		result = request_module("%s", init_request);
		pr_info("outoftree: request_module(%s) while loading: %d\n", init_request, result);
	}
	return pci_register_driver(&oot_driver);
}

static void __exit oot_exit(void)
{
	pci_unregister_driver(&oot_driver);
}

module_init(oot_init);
module_exit(oot_exit);
MODULE_FIRMWARE(FIRMWARE);
MODULE_DESCRIPTION("DDEKit test: an out-of-tree module");
MODULE_LICENSE("GPL");
