// SPDX-License-Identifier: GPL-2.0-only
/* Misuses the device: its config space, its DMA, its interrupts. */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/slab.h>
#include "hostile.h"

/* Registers of the 82574L; names as in its data sheet. */
#define CTRL 0x0
#define TCTL 0x400
#define TDBAL 0x3800
#define TDBAH 0x3804
#define TDLEN 0x3808
#define TDH 0x3810
#define TDT 0x3818
#define ICS 0xc8
#define IVAR 0xe4
#define IMS 0xd0

static void write_all_config(struct pci_dev *dev)
{
	int at;

	for (at = 4; at < 0x100; at += 4)
		pci_write_config_dword(dev, at, 0xffffffff);
	for (at = 4; at < 0x100; at += 4)
		pci_write_config_dword(dev, at, 0);
	pci_write_config_dword(dev, PCI_BASE_ADDRESS_0, 0x10000000); /* onto the pool */
	pci_write_config_word(dev, PCI_COMMAND, 0xffff);
}

static void scribble_config(struct pci_dev *pdev)
{
	write_all_config(pdev);
	if (pdev->bus->self)
		write_all_config(pdev->bus->self);
}

/* Writes to the config space of functions on the parent bus. */
static void scribble_others(struct pci_dev *pdev)
{
	unsigned int devfn;
	u32 id;

	for (devfn = 0; devfn < 256; devfn++) {
		if (!pdev->bus->parent)
			break;
		if (pci_bus_read_config_dword(pdev->bus->parent, devfn, 0, &id) || id == 0xffffffff)
			continue;
		pr_info("hostile: function %02x is %08x\n", devfn, id);
		pci_bus_write_config_dword(pdev->bus->parent, devfn, 4, 0xffffffff);
		pci_bus_write_config_dword(pdev->bus->parent, devfn, 0x10, 0x10000000);
	}
}

/* ---- DMA ------------------------------------------------------------------------------- */

static const u64 outside[] = {
	0x1000,     0x9f000,    0xfee00000,  0xe0000000,
	0xf0000000, 0xb0000000, 0x100000000, 0xffffffff00000000,
};

static void __iomem *open_device(struct pci_dev *pdev)
{
	void __iomem *regs;

	if (pci_enable_device_mem(pdev))
		return NULL;
	regs = pci_ioremap_bar(pdev, 0);
	pci_set_master(pdev);
	return regs;
}

static void send_ring(void __iomem *regs, u64 ring, u32 n)
{
	writel(0, regs + TCTL);
	writel((u32)ring, regs + TDBAL);
	writel(ring >> 32, regs + TDBAH);
	writel(4096, regs + TDLEN);
	writel(0, regs + TDH);
	writel(0, regs + TDT);
	writel(0x0103f0fa, regs + TCTL);
	writel(n, regs + TDT);
	msleep(20);
}

/* Makes the device fetch packets from outside the pool, then its ring itself. */
static void dma_outside(struct pci_dev *pdev)
{
	void __iomem *regs = open_device(pdev);
	dma_addr_t bus;
	__le64 *ring = dma_alloc_coherent(&pdev->dev, 4096, &bus, GFP_KERNEL);
	size_t i;

	if (!regs || !ring)
		return;
	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		ring[2 * i] = cpu_to_le64(outside[i]);
		ring[2 * i + 1] = cpu_to_le64(0x0b000000 | 64); /* EOP, IFCS, RS; 64 bytes */
	}
	send_ring(regs, bus, ARRAY_SIZE(outside));
	for (i = 0; i < ARRAY_SIZE(outside); i++)
		send_ring(regs, outside[i], 2);
	pr_info("hostile: dma: done\n");
}

/* Makes the device send interrupt messages to memory, to itself, to the host's interrupts. */
static void msi_outside(struct pci_dev *pdev)
{
	void __iomem *regs = open_device(pdev);
	void __iomem *table = pci_ioremap_bar(pdev, 3);
	size_t i;
	int cap = pci_find_capability(pdev, PCI_CAP_ID_MSIX);

	if (!regs || !table || !cap)
		return;
	pci_write_config_word(pdev, cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | 4);
	writel(0x80000008, regs + IVAR);
	writel(0xffffffff, regs + IMS);
	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		writel((u32)outside[i], table);
		writel(outside[i] >> 32, table + 4);
		writel(0xffffffff, table + 8);
		writel(0, table + 12);
		writel(0xffffffff, regs + ICS);
	}
	msleep(20);
	pr_info("hostile: messages: done\n");
}

const struct hostile_case device_cases[] = { { "config", scribble_config },
					     { "other_config", scribble_others },
					     { "dma", dma_outside },
					     { "msi", msi_outside },
					     {} };
