// SPDX-License-Identifier: GPL-2.0-only
/* The table of up-calls, and the way into the kernel. */
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

/* Made for the link when the exports are known: see the architecture's Makefile. */
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

const struct dde_up dde_up = {
	.version = DDE_SEAM_VERSION,
	.size = sizeof(struct dde_up),
	.down_size = DDE_DOWN_SIZE,
	.max_cpus = NR_CPUS,
	.clock_set = dde_clock_set,
#ifdef CONFIG_SMP
	.percpu_unit = DDE_PERCPU_UNIT,
#endif
	.release = UTS_RELEASE,
	.vermagic = VERMAGIC_STRING,
	.abi = dde_abi_text,
	.start = up_start,
	.irq_raise = dde_irq_raise,
	.irq_raise_cpu = dde_irq_raise_cpu,
	.irq_enter = dde_irq_enter,
	.irq_pending = dde_irq_pending,
	.submit = dde_control_submit,
	.plugin_load = dde_plugin_load,
	.plugin_unload = dde_plugin_unload,
	.shutdown = dde_shutdown,
	.symbol = up_symbol,
	.heartbeat = dde_heartbeat,
	.modprobe_answer = dde_modprobe_answer,
	.param = dde_param,
	.modules = dde_plugin_modules,
	.counters = dde_counters,
	.page = dde_devpage,
	.fault = dde_fault,
	.dump = dde_dump,
#ifdef CONFIG_KASAN
	.shadow_base = KASAN_SHADOW_START,
	.shadow_size = KASAN_SHADOW_SIZE,
#endif
};
