// SPDX-License-Identifier: GPL-2.0-only
/* Calls the module notifiers, as the kernel's own loader does. */
#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <asm/page.h>
#include <asm/sections.h>
#include "compat.h"
#include "plugin.h"

extern char dde_stack_guard[]; /* of the linker script: a page, which cannot be read */

/* The loader's chain, which is private to kernel/module/main.c. */
static struct blocking_notifier_head *chain;

static int marker_called(struct notifier_block *nb, unsigned long state, void *mod)
{
	return NOTIFY_DONE;
}

static struct notifier_block marker = { .notifier_call = marker_called, .priority = INT_MAX };

/* Is that the head of a chain, which nobody has locked? */
static bool __init __no_sanitize_address is_head(const struct blocking_notifier_head *head)
{
	return dde_rwsem_has_no_waiters(&head->rwsem) && !atomic_long_read(&head->rwsem.count);
}

/*
 * The first member of the chain is pointed to by the chain's head.
 * Return: NULL: there is not exactly one such head.
 */
static struct blocking_notifier_head *__init __no_sanitize_address find_head(void)
{
	struct notifier_block **at = (void *)(dde_stack_guard + PAGE_SIZE);
	struct blocking_notifier_head *head, *found = NULL;

	for (at += sizeof(*head) / sizeof(*at); at < (struct notifier_block **)DDE_CHAINS_END;
	     at++) {
		if (*at != &marker)
			continue;
		head = container_of(at, struct blocking_notifier_head, head);
		if (!is_head(head))
			continue; /* KASAN's list of variables, for example */
		if (found)
			return NULL;
		found = head;
	}
	return found;
}

static int __init find_chain(void)
{
	register_module_notifier(&marker);
	chain = find_head();
	if (!chain)
		panic("the chain of module notifiers is not found");
	unregister_module_notifier(&marker);
	if (chain->head == &marker || rwsem_is_locked(&chain->rwsem))
		panic("the chain of module notifiers is not what it should be");
	return 0;
}
early_initcall(find_chain);

void dde_plugin_notify(struct module *mod, unsigned long state)
{
	blocking_notifier_call_chain(chain, state, mod);
}

int dde_plugin_notify_coming(struct module *mod)
{
	return notifier_to_errno(blocking_notifier_call_chain_robust(chain, MODULE_STATE_COMING,
								     MODULE_STATE_GOING, mod));
}
