/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that are run once when a program says so, without naming them:
 *
 *	static int my_init(void) { … return 0; }
 *	DDEKIT_INITCALL(my_init);
 */
#ifndef DDEKIT_INITCALL_H
#define DDEKIT_INITCALL_H

struct ddekit_initcall {
	int (*fn)(void);
	const char *name;
	struct ddekit_initcall *next;	/* the library's */
};

/* Enters it for the next run; borrowed for ever. By constructors. */
void ddekit_initcall_register(struct ddekit_initcall *call);
/* Runs those entered since the last run, in the order they were. One thread.
 * Stops at the first error: the rest stays entered, *ret_name (may be NULL)
 * names the culprit. Return: 0 or that error. */
int ddekit_initcalls_run(const char **ret_name);

#define DDEKIT_INITCALL(function)						\
	static struct ddekit_initcall ddekit_initcall_##function = {		\
		.fn = function, .name = #function };				\
	static void __attribute__((constructor))				\
	ddekit_register_##function(void)					\
	{									\
		ddekit_initcall_register(&ddekit_initcall_##function);		\
	}

#endif
