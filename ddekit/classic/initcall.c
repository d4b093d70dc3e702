/* SPDX-License-Identifier: GPL-2.0-only */
/* Initcalls (see include/ddekit/initcall.h). */
#include <pthread.h>
#include <stddef.h>
#include <ddekit/initcall.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ddekit_initcall *first, **last = &first;

void ddekit_initcall_register(struct ddekit_initcall *call)
{
	pthread_mutex_lock(&lock);
	call->next = NULL;
	*last = call;
	last = &call->next;
	pthread_mutex_unlock(&lock);
}

/* Removes and returns the first one. */
static struct ddekit_initcall *initcall_next(void)
{
	struct ddekit_initcall *call;

	pthread_mutex_lock(&lock);
	call = first;
	if (call) {
		first = call->next;
		if (!first)
			last = &first;
	}
	pthread_mutex_unlock(&lock);
	return call;
}

int ddekit_initcalls_run(const char **ret_name)
{
	struct ddekit_initcall *call;

	while ((call = initcall_next())) {
		int err = call->fn();

		if (err) {
			if (ret_name)
				*ret_name = call->name;
			return err;
		}
	}
	return 0;
}
