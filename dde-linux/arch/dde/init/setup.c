// SPDX-License-Identifier: GPL-2.0-only
/* Early set-up, in the order in which the parts need each other. */
#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/of_fdt.h>
#include <linux/seq_file.h>
#include <asm/cpuid.h>
#include <asm/kasan.h>
#include <asm/setup.h>
#include "../fault/fault.h"
#include "../kernel/kernel.h"
#include "../lib/lib.h"
#include "../mm/mm.h"
#include "../service/service.h"

void __init setup_arch(char **cmdline)
{
	struct cpu_features cpu = cpu_features();

	*cmdline = boot_command_line;
	kasan_init();
	dde_console_init();
	dde_fault_init();
	dde_random_init(&cpu);
	dde_string_init(&cpu);
	dde_memory_init();
	parse_early_param();
#ifdef CONFIG_OF_EARLY_FLATTREE
	unflatten_device_tree();
#endif
#ifdef CONFIG_SMP
	dde_setup_smp();
#endif
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
