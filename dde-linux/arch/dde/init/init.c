// SPDX-License-Identifier: GPL-2.0-only
/* Process 1, which never enters user mode; halt, reboot and panic. */
#include <linux/binfmts.h>
#include <linux/device.h>
#include <linux/init.h>
#include <linux/init_syscalls.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/panic.h>
#include <linux/pid.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/stat.h>
#include <linux/syscore_ops.h>
#include "../kernel/kernel.h"
#include "../service/service.h"
#include "internal.h"

/*
 * At the end of its boot the kernel executes /init.  That file is empty; this
 * "binary format" runs instead.
 */
static int load_binary(struct linux_binprm *bprm)
{
	if (!is_global_init(current) || strcmp(bprm->filename, "/init"))
		return -ENOEXEC;
	dde_call_void(sys->booted());
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

static struct linux_binfmt init_format = { .load_binary = load_binary };

static int __init create_init(void)
{
	int err;

	/* Process 1 opens /dev/console; there is no terminal: make it /dev/null. */
	init_unlink("/dev/console");
	init_mkdir("/dev", 0755);
	init_mknod("/dev/console", S_IFCHR | 0600, new_encode_dev(MKDEV(MEM_MAJOR, 3)));

	err = dde_program_add("/init", &init_format, NULL);
	if (err)
		panic("cannot create /init: error %d", err);
	return 0;
}
late_initcall(create_init);

static void __noreturn halt(void)
{
	smp_send_stop();
	raw_local_irq_disable();
	dde_down->sys->halt();
}

/* panic() calls this after it has flushed the log, as CONFIG_PANIC_TIMEOUT < 0. */
void machine_restart(char *command)
{
	if (atomic_read(&panic_cpu) != PANIC_CPU_INVALID) {
		raw_local_irq_disable();
		dde_down->sys->panic(dde_panic_text);
	}
	halt();
}

void machine_halt(void)
{
	halt();
}

void machine_power_off(void)
{
	halt();
}

/* Drivers quiesce their devices as before a reboot. */
s64 dde_shutdown(void *arg)
{
	kernel_restart_prepare(NULL);
	syscore_shutdown();
	halt();
}
