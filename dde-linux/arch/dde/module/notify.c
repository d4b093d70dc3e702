// SPDX-License-Identifier: GPL-2.0-only
/* Calls the module notifiers. */
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include "plugin.h"

/*
 * The chain's head is private to the loader.  A member with the highest priority,
 * registered before any other, has all the others behind it.
 */
static int first_called(struct notifier_block *nb, unsigned long state, void *mod)
{
	return NOTIFY_DONE;
}

static struct notifier_block first = { .notifier_call = first_called, .priority = INT_MAX };

static int __init register_first(void)
{
	return register_module_notifier(&first);
}
early_initcall(register_first);

/* Return: 0, or the error of a notifier; then *last is that notifier. */
static int notify(struct module *mod, unsigned long state, struct notifier_block **last)
{
	struct notifier_block *nb, *next;
	int ret;

	for (nb = first.next; nb; nb = next) {
		next = nb->next;
		ret = nb->notifier_call(nb, state, mod);
		if (ret & NOTIFY_STOP_MASK) {
			*last = nb;
			return notifier_to_errno(ret);
		}
	}
	return 0;
}

void dde_plugin_notify(struct module *mod, unsigned long state)
{
	struct notifier_block *last;

	notify(mod, state, &last);
}

/* If one objects, those called before it get MODULE_STATE_GOING. */
int dde_plugin_notify_coming(struct module *mod)
{
	struct notifier_block *last, *nb;
	int err = notify(mod, MODULE_STATE_COMING, &last);

	if (err)
		for (nb = first.next; nb && nb != last; nb = nb->next)
			nb->notifier_call(nb, MODULE_STATE_GOING, mod);
	return err;
}
