// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs.  There is no user mode: a program is an empty file with a "binary
 * format" of ours, and a process that has executed it runs a function instead.
 */
#include <linux/binfmts.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/task_work.h>
#include "kernel.h"

/* Of the one program whose exec returns. */
static int (*program_main)(void);

int __init dde_program_add(const char *path, struct linux_binfmt *format, int (*run)(void))
{
	struct file *file = filp_open(path, O_CREAT | O_WRONLY, 0755);

	if (IS_ERR(file))
		return PTR_ERR(file);
	/* At once: a file open for writing cannot be executed. Older kernels forbid
	 * __fput_sync() in process 1. */
	fput(file);
	task_work_run();
	flush_delayed_fput();
	if (run)
		program_main = run;
	register_binfmt(format);
	return 0;
}

int dde_program_run(void)
{
	return program_main ? program_main() : 0;
}
