// SPDX-License-Identifier: GPL-2.0-only
/* The tables of up-calls, and the entry into the kernel. */
#include <linux/kallsyms.h>
#include <linux/kasan.h>
#include <linux/sched/task_stack.h>
#include <linux/start_kernel.h>
#include <linux/string.h>
#include <linux/threads.h>
#define INCLUDE_VERMAGIC
#include <linux/vermagic.h>
#include <asm/percpu.h>
#include <asm/setup.h>
#include <generated/utsrelease.h>
#include "../fault/fault.h"
#include "../kernel/kernel.h"
#include "../module/module.h"
#include "../service/service.h"
#include "internal.h"

/* Generated before the link, when the exports are known: see the Makefile. */
extern const char dde_abi_text[];

static void __init enter_kernel(void)
{
	start_kernel();
	unreachable();
}

static void __ref __noreturn up_start(const struct dde_down *down, const struct dde_boot *boot)
{
	dde_down = down;
	dde_boot = boot;
	if (down->version != DDE_SEAM_VERSION || boot->version != DDE_SEAM_VERSION ||
	    down->size != DDE_DOWN_SIZE || boot->size < sizeof(*boot))
		down->sys->panic("the driver host and the runtime are of different builds");
	dde_setup_cpu();
	strscpy(boot_command_line, boot->cmdline, COMMAND_LINE_SIZE);
	dde_run_on_stack((unsigned long)task_stack_page(&init_task) + THREAD_SIZE, enter_kernel);
}

static s32 up_symbol(u64 addr, char *buf, u32 size)
{
	char text[KSYM_SYMBOL_LEN];
	int len;

	if (!size)
		return 0;
	len = dde_plugin_symbol(addr, buf, size);
	if (len)
		return len;
	sprint_symbol(text, addr);
	return strscpy(buf, text, size) < 0 ? size - 1 : strlen(buf);
}

static const struct dde_up_sys up_sys = {
	.start = up_start,
	.submit = dde_control_submit,
	.heartbeat = dde_heartbeat,
	.clock_set = dde_clock_set,
	.counters = dde_counters,
	.shutdown = dde_shutdown,
};

static const struct dde_up_irq up_irq = {
	.raise = dde_irq_raise,
	.raise_cpu = dde_irq_raise_cpu,
	.pending = dde_irq_pending,
	.enter = dde_irq_enter,
};

static const struct dde_up_plugin up_plugin = {
	.modprobe_answer = dde_modprobe_answer,
	.load = dde_plugin_load,
	.modules = dde_plugin_modules,
	.param = dde_param,
	.page = dde_devpage,
	.unload = dde_plugin_unload,
};

static const struct dde_up_fault up_fault = {
	.handle = dde_fault,
	.dump = dde_dump,
	.symbol = up_symbol,
};

const struct dde_up dde_up = {
	.version = DDE_SEAM_VERSION,
	.size = DDE_UP_SIZE,
	.release = UTS_RELEASE,
	.vermagic = VERMAGIC_STRING,
	.abi = dde_abi_text,
	.down_size = DDE_DOWN_SIZE,
	.max_cpus = NR_CPUS,
#ifdef CONFIG_SMP
	.percpu_unit = DDE_PERCPU_UNIT,
#endif
#ifdef CONFIG_KASAN
	.shadow_base = KASAN_SHADOW_START,
	.shadow_size = KASAN_SHADOW_SIZE,
#endif
	.sys = &up_sys,
	.irq = &up_irq,
	.plugin = &up_plugin,
	.fault = &up_fault,
};
