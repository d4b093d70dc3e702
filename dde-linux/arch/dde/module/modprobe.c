// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for /sbin/modprobe.  The kernel's request_module() makes a process
 * execute that file, which is empty; this "binary format" records the argument.
 * Instead of entering user mode, the process does modprobe's work: the host finds
 * and maps the plugins, the process loads them.  So whoever waits for modprobe waits
 * for the load, and a module's init may do so.
 */
#include <linux/binfmts.h>
#include <linux/completion.h>
#include <linux/init.h>
#include <linux/init_syscalls.h>
#include <linux/kmod.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "module/internal.h" /* modprobe_path */
#include "../kernel/kernel.h"
#include "module.h"
#include "plugin.h"

/* exit(1) and exit(0), as wait() returns them. */
#define FAILED (1 << 8)
#define DONE 0

/* A process that has executed modprobe. */
struct program {
	struct list_head list;
	struct task_struct *task;
	struct completion answered;
	struct dde_modprobe ask;
};

static LIST_HEAD(programs);
static DEFINE_SPINLOCK(programs_lock);

/* Newest first; any thread pushes, the interrupt handler removes all. */
static struct dde_modprobe *answers;

void dde_modprobe_answer(struct dde_modprobe *m)
{
	dde_push(&answers, m);
	dde_irq_raise(DDE_HWIRQ_MODPROBE);
}

static void modprobe_interrupt(void)
{
	struct dde_modprobe *m, *next;

	for (m = __atomic_exchange_n(&answers, NULL, __ATOMIC_ACQUIRE); m; m = next) {
		struct program *p = m->owner;

		next = m->next;
		complete(&p->answered);
	}
}

/* ---- exec ---------------------------------------------------------------------- */

/*
 * Copies argument number @n of the program. Return: 0, -EINVAL: it is longer than
 * @size - 1, or missing.
 */
static int argument(struct linux_binprm *bprm, int n, char *buf, int size)
{
	unsigned long at = bprm->p;
	int got, len;

	if (n >= bprm->argc)
		return -EINVAL;
	for (;; n--, at += len + 1) {
		got = access_remote_vm(bprm->mm, at, buf, size, FOLL_FORCE);
		len = strnlen(buf, max(got, 0));
		if (len >= got)
			return -EINVAL;
		if (!n)
			return 0;
	}
}

/* kmod.c: "modprobe -q -- NAME" */
static int copy_name(struct linux_binprm *bprm, char *name, int size)
{
	return bprm->argc == 4 ? argument(bprm, 3, name, size) : -EINVAL;
}

static int load_binary(struct linux_binprm *bprm)
{
	struct program *p;
	int err;

	if (strcmp(bprm->filename, modprobe_path))
		return -ENOEXEC;
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	err = copy_name(bprm, p->ask.name, sizeof(p->ask.name));
	if (err) {
		kfree(p);
		return err;
	}
	init_completion(&p->answered);
	p->ask.owner = p;
	p->task = current;
	spin_lock(&programs_lock);
	list_add(&p->list, &programs);
	spin_unlock(&programs_lock);
	return 0;
}

static struct linux_binfmt modprobe_format = { .load_binary = load_binary };

/* ---- instead of user mode --------------------------------------------------------- */

static struct program *remove_program(void)
{
	struct program *p, *found = NULL;

	spin_lock(&programs_lock);
	list_for_each_entry(p, &programs, list) {
		if (p->task != current)
			continue;
		list_del(&p->list);
		found = p;
		break;
	}
	spin_unlock(&programs_lock);
	return found;
}

/* Return: 0 if all of them are live. */
static int load_all(struct dde_modprobe *m)
{
	int err = 0;
	u32 i;

	for (i = 0; i < m->n; i++) {
		m->result[i] = err ? -ECANCELED : dde_plugin_load_one(m->plugin[i]);
		if (m->result[i] && m->result[i] != -EEXIST && !err) {
			err = m->result[i];
			pr_err("modprobe %s: error %d\n", m->name, err);
		}
	}
	return err;
}

static int run_program(void)
{
	struct program *p = remove_program();
	int err;

	if (!p)
		return 0;
	dde_call_void(file->modprobe(&p->ask));
	/* The host always answers; until then it owns p->ask, even if we are killed. */
	wait_for_completion(&p->answered);
	err = p->ask.error;
	if (!err) {
		err = load_all(&p->ask);
		dde_call_void(file->modprobe_done(&p->ask));
	}
	kfree(p);
	return err ? FAILED : DONE;
}

static int __init modprobe_init(void)
{
	int err;

	if (!dde_down->file || !dde_down->file->modprobe)
		return 0; /* request_module() will fail: no such file */
	dde_irq_set_handler(DDE_HWIRQ_MODPROBE, modprobe_interrupt);
	init_mkdir("/sbin", 0755);
	err = dde_program_add(modprobe_path, &modprobe_format, run_program);
	if (err)
		pr_err("cannot create %s: error %d\n", modprobe_path, err);
	return err;
}
rootfs_initcall(modprobe_init);
