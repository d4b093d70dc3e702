// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the 82574L that misbehaves in its probe; the parameter "what" selects how. Kernel
 * world, for tests.  A case that does not end the runtime returns -ENODEV.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

static char *what = "nothing";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "how to misbehave: the name of a case below");

/* Not constant, so that the compiler cannot see the faults. */
static volatile unsigned long zero;
static volatile unsigned long wild = 0x123456789000;
static volatile unsigned long not_canonical = 0xdead000000000100;

static noinline void crash_null(void)
{
	*(volatile int *)(zero + 16) = 1;
}

static noinline void crash_wild(void)
{
	pr_info("read %d\n", *(volatile int *)wild);
}

static noinline void crash_poison(void)
{
	pr_info("read %d\n", *(volatile int *)not_canonical);
}

static noinline void crash_call(void)
{
	((void (*)(void))zero)();
	barrier();
}

static noinline void crash_divide(void)
{
	pr_info("result %lu\n", 1000 / zero);
}

static noinline void crash_bug(void)
{
	BUG_ON(!zero);
}

static noinline void crash_panic(void)
{
	panic("the driver gives up");
}

static noinline void crash_warn(void)
{
	WARN(!zero, "the driver warns: %d", 42);
	WARN_ON_ONCE(!zero);
	pr_info("went on after the warning\n");
}

/* Not a tail call, because the sum follows it. */
static noinline unsigned long crash_recursion(unsigned long n)
{
	volatile char filler[256];

	filler[n & 255] = n;
	if (n == zero - 1)
		return 0; /* never: the stack is exhausted before */
	return crash_recursion(n + 1) + filler[n & 255];
}

static noinline void crash_interrupt(struct timer_list *timer)
{
	*(volatile int *)(zero + 32) = 1;
}

static DEFINE_TIMER(timer, crash_interrupt);

static noinline void crash_timer(void)
{
	mod_timer(&timer, jiffies + 1);
	msleep(1000);
}

/* An endless loop with interrupts off: the driver host misses its heartbeat. */
static noinline void crash_stuck(void)
{
	local_irq_disable();
	while (!zero)
		barrier();
	local_irq_enable();
}

static noinline void crash_stack(void)
{
	dump_stack();
	pr_info("went on after the backtrace\n");
}

static noinline void crash_nofault(void)
{
	u64 value = 1;

	pr_info("nofault: wild %ld, null %ld, poison %ld, good %ld\n",
		copy_from_kernel_nofault(&value, (void *)wild, 8),
		copy_from_kernel_nofault(&value, (void *)(zero + 1), 1),
		copy_from_kernel_nofault(&value, (void *)not_canonical, 7),
		copy_from_kernel_nofault(&value, (void *)&wild, 8));
	pr_info("nofault: user read %lu, write %lu, get %d\n",
		copy_from_user(&value, (void __user *)&wild, 8),
		copy_to_user((void __user *)wild, &value, 8), get_user(value, (u64 __user *)&wild));
}

/* More mappings than there is room for. */
struct mapping {
	struct list_head list;
	void *at;
};

static noinline void crash_maps(void)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct mapping *m, *next;
	unsigned int count = 0;
	LIST_HEAD(all);
	void *memory;

	while (page && (m = kmalloc(sizeof(*m), GFP_KERNEL))) {
		m->at = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
		if (!m->at) {
			kfree(m);
			break;
		}
		list_add(&m->list, &all);
		count++;
	}
	memory = vmalloc(2 * PAGE_SIZE);
	pr_info("maps: %u made, then vmalloc gives %s\n", count, memory ? "memory" : "none");
	vfree(memory);
	list_for_each_entry_safe(m, next, &all, list) {
		vunmap(m->at);
		kfree(m);
	}
	vm_unmap_aliases();
	memory = vmalloc(2 * PAGE_SIZE);
	if (memory)
		memset(memory, 0, 2 * PAGE_SIZE);
	pr_info("maps: all gone, vmalloc gives %s\n", memory ? "memory" : "none");
	vfree(memory);
	if (page)
		__free_page(page);
}

/* Uses up the host's mappings, behind the runtime's back: a mapping for every other page. */
static void use_up_mappings(void)
{
	const long mmap = 9, none = 0, read = 1, private_anonymous = 0x22;
	register long flags asm("r10") = private_anonymous;
	register long fd asm("r8") = -1;
	register long offset asm("r9") = 0;
	unsigned int n;
	long at = 0;

	for (n = 0; n < 1u << 22 && (at >= 0 || at < -4095); n++)
		asm volatile("syscall"
			     : "=a"(at)
			     : "0"(mmap), "D"(0), "S"(PAGE_SIZE), "d"(n & 1 ? read : none),
			       "r"(flags), "r"(fd), "r"(offset)
			     : "rcx", "r11", "memory");
	pr_info("unmapped: mmap fails with %ld\n", at);
}

static noinline void crash_unmapped(void)
{
	const unsigned int pages = 64;
	char *memory;
	unsigned int i;

	use_up_mappings();
	memory = vmalloc(pages * PAGE_SIZE);
	if (!memory)
		return;
	for (i = 0; i < pages; i++)
		memory[i * PAGE_SIZE + zero] = 1;
	pr_info("unmapped: wrote\n");
}

static noinline void crash_readonly(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	volatile char *at = page ? vmap(&page, 1, VM_MAP, PAGE_KERNEL_RO) : NULL;

	if (!at)
		return;
	pr_info("readonly: read %d\n", at[zero]);
	at[zero + 8] = 1;
	pr_info("readonly: wrote\n");
}

/* ---- bugs that only the debug runtime detects --------------------------------- */

static noinline void crash_freed(void)
{
	volatile int *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return;
	kfree((void *)p);
	pr_info("read %d\n", p[1]);
}

static noinline void crash_beyond(void)
{
	volatile char *p = kmalloc(60, GFP_KERNEL);

	if (!p)
		return;
	p[60 + zero] = 1;
	kfree((void *)p);
}

static char table[8];

static noinline void crash_global(void)
{
	*((volatile char *)table + sizeof(table) + zero) = 1;
}

static noinline void crash_shift(void)
{
	pr_info("result %d\n", 1 << (40 + zero));
}

static noinline void crash_sleep(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	msleep(1);
	spin_unlock(&lock);
}

static noinline void crash_order(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

/* Nobody may change the chain of notifiers while it is walked. */
static DECLARE_COMPLETION(left);
static bool left_early, called;

static int crash_notified(struct notifier_block *nb, unsigned long state, void *mod);
static struct notifier_block notifier = { .notifier_call = crash_notified };

static int leave(void *arg)
{
	unregister_module_notifier(&notifier);
	complete(&left);
	return 0;
}

static int crash_notified(struct notifier_block *nb, unsigned long state, void *mod)
{
	if (state != MODULE_STATE_COMING || called)
		return NOTIFY_DONE;
	called = true;
	if (!IS_ERR(kthread_run(leave, NULL, "leave")))
		left_early = wait_for_completion_timeout(&left, HZ / 5);
	return NOTIFY_DONE;
}

static noinline void crash_notify(void)
{
	register_module_notifier(&notifier);
	request_module("e1000");
	if (called && !left_early)
		wait_for_completion(&left);
	pr_info("notify: called %d, left early %d\n", called, left_early);
}

static void crash_nothing(void)
{
}

static void crash_recurse(void)
{
	pr_info("result %lu\n", crash_recursion(zero));
}

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{ "nothing", crash_nothing },   { "null", crash_null },         { "wild", crash_wild },
	{ "poison", crash_poison },     { "call", crash_call },         { "divide", crash_divide },
	{ "bug", crash_bug },           { "panic", crash_panic },       { "warn", crash_warn },
	{ "recursion", crash_recurse }, { "timer", crash_timer },       { "stuck", crash_stuck },
	{ "stack", crash_stack },       { "nofault", crash_nofault },   { "maps", crash_maps },
	{ "freed", crash_freed },       { "beyond", crash_beyond },     { "global", crash_global },
	{ "shift", crash_shift },       { "sleep", crash_sleep },       { "order", crash_order },
	{ "unmapped", crash_unmapped }, { "readonly", crash_readonly }, { "notify", crash_notify },
};

/* The memory of an emulated device has no address. */
static void crash_memremap(struct pci_dev *pdev)
{
	resource_size_t at = pci_resource_start(pdev, 0);
	void *wb = memremap(at, PAGE_SIZE, MEMREMAP_WB), *wt = memremap(at, PAGE_SIZE, MEMREMAP_WT);
	void *ram = memremap(virt_to_phys(pdev), 8, MEMREMAP_WB);

	pr_info("memremap: device %s, %s, ram %s\n", wb ? "mapped" : "refused",
		wt ? "mapped" : "refused", ram == pdev ? "itself" : "elsewhere");
	if (wb)
		pr_info("memremap: read %x\n", *(volatile u32 *)(wb + 8));
}

static int crash_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	size_t i;

	if (!strcmp(what, "memremap")) {
		crash_memremap(pdev);
		return -ENODEV;
	}
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!strcmp(cases[i].name, what)) {
			cases[i].fn();
			return -ENODEV;
		}
	return dev_err_probe(&pdev->dev, -EINVAL, "what=%s: no such case\n", what);
}

static void crash_remove(struct pci_dev *pdev)
{
}

static const struct pci_device_id crash_ids[] = { { PCI_DEVICE(0x8086, 0x10d3) }, {} };
MODULE_DEVICE_TABLE(pci, crash_ids);

static struct pci_driver crash_driver = {
	.name = "crash",
	.id_table = crash_ids,
	.probe = crash_probe,
	.remove = crash_remove,
};
module_pci_driver(crash_driver);

MODULE_DESCRIPTION("A driver that misbehaves in a chosen way");
MODULE_LICENSE("GPL");
