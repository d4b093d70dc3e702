// SPDX-License-Identifier: GPL-2.0-only
/* Early set-up: the CPU's state, the memory of the pool. */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/of_fdt.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <asm/cpuid.h>
#include <asm/kasan.h>
#include <asm/sections.h>
#include <asm/setup.h>
#include "internal.h"

unsigned long dde_pool_base __ro_after_init;
EXPORT_SYMBOL(dde_pool_base);
unsigned long dde_pool_end __ro_after_init;
EXPORT_SYMBOL(dde_pool_end);
unsigned long dde_pool_pfn __ro_after_init;
EXPORT_SYMBOL(dde_pool_pfn);
void *empty_zero_page __ro_after_init;
EXPORT_SYMBOL(empty_zero_page);

#ifndef CONFIG_SMP
struct dde_cpu dde_boot_cpu ____cacheline_aligned;
EXPORT_SYMBOL(dde_boot_cpu);

struct dde_cpu *dde_cpu_of(unsigned int cpu)
{
	return &dde_boot_cpu;
}

/* On the thread that becomes CPU 0. */
void dde_setup_cpu(void)
{
	dde_boot_cpu.task = &init_task;
	dde_boot_cpu.irq_off = 1;
}
#endif

void __init setup_arch(char **cmdline)
{
	unsigned long zones[MAX_NR_ZONES] = { 0 };
	struct cpu_features cpu = cpu_features();

	*cmdline = boot_command_line;
	kasan_init();
	dde_console_init();
	dde_fault_init();
	dde_random_init(&cpu);
	dde_string_init(&cpu);
	dde_pool_base = dde_boot->pool_base;
	dde_pool_end = dde_boot->pool_base + dde_boot->pool_size;
	dde_pool_pfn = dde_pool_base >> PAGE_SHIFT;
	dde_dma_init();
	memblock_add(dde_pool_base, dde_boot->pool_size);
	min_low_pfn = dde_pool_pfn;
	max_low_pfn = max_pfn = dde_pool_end >> PAGE_SHIFT;
	high_memory = (void *)dde_pool_end;
	zones[ZONE_DMA32] = min(max_low_pfn, 1UL << (32 - PAGE_SHIFT));
	zones[ZONE_NORMAL] = max_low_pfn;
	free_area_init(zones);
	empty_zero_page = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	if (!empty_zero_page)
		panic("no memory for the zero page");
	parse_early_param();
#ifdef CONFIG_OF_EARLY_FLATTREE
	unflatten_device_tree();
#endif
#ifdef CONFIG_SMP
	dde_setup_smp();
#endif
}

void __init mem_init(void)
{
	set_max_mapnr(max_pfn - ARCH_PFN_OFFSET);
	dde_dma_keep_borders();
	memblock_free_all();
}

/* The image is the host's mapping of a file, not of the pool: nothing to gain. */
void free_initmem(void)
{
}

void calibrate_delay(void)
{
	loops_per_jiffy = NSEC_PER_SEC / HZ;	/* __delay() counts nanoseconds */
}

/* /proc/cpuinfo */
static void *cpuinfo_start(struct seq_file *m, loff_t *pos)
{
	*pos = cpumask_next(*pos - 1, cpu_online_mask);
	return *pos < nr_cpu_ids ? (void *)(unsigned long)(*pos + 1) : NULL;
}

static void *cpuinfo_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return cpuinfo_start(m, pos);
}

static void cpuinfo_stop(struct seq_file *m, void *v)
{
}

static int cpuinfo_show(struct seq_file *m, void *v)
{
	seq_printf(m, "processor\t: %lu\nmodel name\t: DDEKit virtual CPU\n\n",
		   (unsigned long)v - 1);
	return 0;
}

const struct seq_operations cpuinfo_op = {
	.start = cpuinfo_start,
	.next = cpuinfo_next,
	.stop = cpuinfo_stop,
	.show = cpuinfo_show,
};
