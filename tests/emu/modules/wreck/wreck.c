// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loaded beside a driver in use: misbehaves in a work item shortly after a write to its parameter
 * "what".  Kernel world, for tests.
 */
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/workqueue.h>

/* Registers of Intel's cards, by their data sheets. */
#define TCTL 0x400
#define TDBAL 0x3800
#define TDBAH 0x3804
#define TDLEN 0x3808
#define TDH 0x3810
#define TDT 0x3818
#define OUTSIDE 0x1000 /* below every pool */

/* Not constant, so that the compiler cannot see the faults. */
static volatile unsigned long zero;

static noinline void wreck_null(void)
{
	*(volatile int *)(zero + 16) = 1;
}

static noinline void wreck_bug(void)
{
	BUG_ON(!zero);
}

static noinline void wreck_stuck(void)
{
	local_irq_disable();
	while (!zero)
		barrier();
	local_irq_enable();
}

static noinline void wreck_memory(void)
{
	while (!zero)
		if (!alloc_pages(GFP_KERNEL, 0))
			pr_info_once("wreck: no page\n");
}

/* Not a tail call, because the sum follows it. */
static noinline unsigned long wreck_deeper(unsigned long n)
{
	volatile char filler[256];

	filler[n & 255] = n;
	if (n == zero - 1)
		return 0; /* never: the stack is exhausted before */
	return wreck_deeper(n + 1) + filler[n & 255];
}

static void wreck_recursion(void)
{
	pr_info("wreck: %lu\n", wreck_deeper(zero));
}

/* Makes the card send from an address outside of the pool. */
static void wreck_dma(void)
{
	struct pci_dev *pdev = pci_get_class(PCI_CLASS_NETWORK_ETHERNET << 8, NULL);
	void __iomem *regs = pdev ? pci_ioremap_bar(pdev, 0) : NULL;
	u32 tctl;

	if (!regs) {
		pci_dev_put(pdev);
		return;
	}
	tctl = readl(regs + TCTL);
	writel(0, regs + TCTL);
	writel(OUTSIDE, regs + TDBAL);
	writel(0, regs + TDBAH);
	writel(4096, regs + TDLEN);
	writel(0, regs + TDH);
	writel(0, regs + TDT);
	writel(tctl, regs + TCTL);
	writel(2, regs + TDT);
	iounmap(regs);
	pci_dev_put(pdev);
}

/* Disables the card's interrupt, whatever its driver does. */
static void wreck_mute(void)
{
	struct pci_dev *pdev = pci_get_class(PCI_CLASS_NETWORK_ETHERNET << 8, NULL);

	if (pdev)
		pci_intx(pdev, 0);
	pci_dev_put(pdev);
}

/* A system call of the process in which this kernel runs. */
static long host_call(long nr, long a, long b, long c)
{
	long r;

	asm volatile("syscall"
		     : "=a"(r)
		     : "0"(nr), "D"(a), "S"(b), "d"(c)
		     : "rcx", "r11", "memory");
	return r;
}

/* Switches off the request interrupt (index 4) of each file that is a VFIO device, so that a
 * removal would not be reported. */
static void wreck_deaf(void)
{
	u32 set[5] = { sizeof(set), 1 | 1 << 5, 4, 0, 0 };
	int fd, n = 0;

	for (fd = 3; fd < 1024; fd++)
		n += host_call(16, fd, 0x3b6e, (long)set) == 0;
	pr_info("wreck: %d devices are deaf\n", n);
}

/* Reports itself that the system wants each file that is a VFIO device back. */
static void wreck_false_request(void)
{
	u32 set[5] = { sizeof(set), 1 | 1 << 5, 4, 0, 1 };
	int fd;

	for (fd = 3; fd < 1024; fd++)
		host_call(16, fd, 0x3b6e, (long)set);
}

static const struct wreck_case {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{ "null", wreck_null },
	{ "bug", wreck_bug },
	{ "stuck", wreck_stuck },
	{ "memory", wreck_memory },
	{ "recursion", wreck_recursion },
	{ "dma", wreck_dma },
	{ "mute", wreck_mute },
	{ "deaf", wreck_deaf },
	{ "request", wreck_false_request },
};

static const struct wreck_case *chosen;
static int cpu = -1;
module_param(cpu, int, 0644);
MODULE_PARM_DESC(cpu, "the CPU that misbehaves; -1: any");

static void wreck_now(struct work_struct *work)
{
	pr_info("wreck: %s at %llu\n", chosen->name, ktime_get_ns());
	chosen->fn();
}

static DECLARE_DELAYED_WORK(work, wreck_now);

static int wreck_set(const char *value, const struct kernel_param *kp)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (sysfs_streq(value, cases[i].name)) {
			chosen = &cases[i];
			if (cpu >= 0 && cpu_online(cpu))
				schedule_delayed_work_on(cpu, &work, HZ / 50);
			else
				schedule_delayed_work(&work, HZ / 50);
			return 0;
		}
	return -EINVAL;
}

static int wreck_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", chosen ? chosen->name : "nothing");
}

static const struct kernel_param_ops wreck_ops = { .set = wreck_set, .get = wreck_get };
module_param_cb(what, &wreck_ops, NULL, 0644);
MODULE_PARM_DESC(what, "how to misbehave: the name of a case");

static int __init wreck_init(void)
{
	return 0;
}

static void __exit wreck_exit(void)
{
	cancel_delayed_work_sync(&work);
}

module_init(wreck_init);
module_exit(wreck_exit);
MODULE_DESCRIPTION("Misbehaves on command beside a driver");
MODULE_LICENSE("GPL");
