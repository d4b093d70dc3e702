/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that run once when a program calls ddekit_initcalls_run(), without naming them:
 *
 *	static int my_init(void) { … return 0; }
 *	DDEKIT_INITCALL(my_init);
 */
#ifndef DDEKIT_INITCALL_H
#define DDEKIT_INITCALL_H

struct ddekit_initcall {
	int (*fn)(void);
	const char *name;
	struct ddekit_initcall *next; /* the library's */
};

/**
 * ddekit_initcall_register - enter a function for the next run
 * @call: must never be freed
 *
 * Called by the constructors that DDEKIT_INITCALL() makes.
 * Any thread. Does not block.
 */
void ddekit_initcall_register(struct ddekit_initcall *call);

/**
 * ddekit_initcalls_run - run the functions entered since the last run, in that order
 * @ret_name: on failure the name of the function that failed; may be NULL
 *
 * Stops at the first error; the rest stays entered.
 * One thread at a time. Blocks as long as the functions do.
 * Return: 0, or the error of the function that failed.
 */
int ddekit_initcalls_run(const char **ret_name);

#define DDEKIT_INITCALL(function) \
	static struct ddekit_initcall ddekit_initcall_##function = { .fn = function, \
								     .name = #function }; \
	static void __attribute__((constructor)) ddekit_register_##function(void) \
	{ \
		ddekit_initcall_register(&ddekit_initcall_##function); \
	}

#endif
