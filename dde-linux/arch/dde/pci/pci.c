// SPDX-License-Identifier: GPL-2.0-only
/* The PCI host bridge: config space by down-calls, windows as in dde_boot. */
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include "../kernel/kernel.h"
#include "internal.h"

static struct dde_pci_addr address(struct pci_bus *bus, unsigned int devfn)
{
	return (struct dde_pci_addr){ .bus = bus->number, .devfn = devfn };
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int reg, int size, u32 *value)
{
	if (dde_call(pci->config_read(address(bus, devfn), reg, size, value))) {
		PCI_SET_ERROR_RESPONSE(value);
		return PCIBIOS_DEVICE_NOT_FOUND;
	}
	return PCIBIOS_SUCCESSFUL;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int reg, int size, u32 value)
{
	if (dde_call(pci->config_write(address(bus, devfn), reg, size, value)))
		return PCIBIOS_DEVICE_NOT_FOUND;
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops config_ops = {
	.read = config_read,
	.write = config_write,
};

/* slot, pin: of the function on the root bus, after swizzling through bridges. */
static int map_line(const struct pci_dev *pdev, u8 slot, u8 pin)
{
	struct dde_pci_addr at = { .devfn = PCI_DEVFN(slot, 0) };
	int hwirq = dde_call(pci->intx_route(at, pin));

	return hwirq < 0 ? hwirq : dde_intx_map(hwirq);
}

static struct resource bus_window = {
	.name = "PCI bus numbers",
	.start = 0,
	.end = 255,
	.flags = IORESOURCE_BUS,
};

static struct resource mem_window = {
	.name = "PCI memory",
	.flags = IORESOURCE_MEM,
};

static struct resource mem64_window = {
	.name = "PCI prefetchable memory",
	.flags = IORESOURCE_MEM | IORESOURCE_PREFETCH | IORESOURCE_MEM_64,
};

static struct resource io_window = {
	.name = "PCI I/O",
	.flags = IORESOURCE_IO,
};

static int __init add_window(struct pci_host_bridge *bridge, struct resource *res, u64 base,
			     u64 size)
{
	struct resource *root = res->flags & IORESOURCE_IO ? &ioport_resource : &iomem_resource;
	int err;

	if (!size)
		return 0;
	res->start = base;
	res->end = base + size - 1;
	err = request_resource(root, res);
	if (err)
		pr_err("PCI window %pR: error %d\n", res, err);
	else
		pci_add_resource(&bridge->windows, res);
	return err;
}

static int __init add_windows(struct pci_host_bridge *bridge)
{
	const struct dde_boot *b = dde_boot;
	int err;

	bus_window.start = b->pci_bus;
	pci_add_resource(&bridge->windows, &bus_window);
	err = add_window(bridge, &mem_window, b->mmio_base, b->mmio_size);
	if (!err)
		err = add_window(bridge, &mem64_window, b->mmio64_base, b->mmio64_size);
	if (!err)
		err = add_window(bridge, &io_window, b->io_base, b->io_size);
	return err;
}

static int __init host_bridge_init(void)
{
	struct platform_device *parent;
	struct pci_host_bridge *bridge;
	int err;

	if (!dde_down->pci)
		return 0;
	parent = platform_device_register_simple("dde-pci", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	bridge = devm_pci_alloc_host_bridge(&parent->dev, 0);
	if (!bridge)
		return -ENOMEM;
	err = add_windows(bridge);
	if (err)
		return err;
	bridge->ops = &config_ops;
	bridge->map_irq = map_line;
	bridge->swizzle_irq = pci_common_swizzle;
	bridge->busnr = dde_boot->pci_bus;
	bridge->domain_nr = dde_boot->pci_domain;
#ifdef CONFIG_PCI_MSI
	bridge->msi_domain = true;
	dev_set_msi_domain(&bridge->dev, dde_msi_domain);
#endif
	err = pci_host_probe(bridge);
	if (err)
		pr_err("PCI host bridge: error %d\n", err);
	return err;
}
subsys_initcall(host_bridge_init);
