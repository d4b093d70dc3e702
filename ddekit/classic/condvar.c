/* SPDX-License-Identifier: GPL-2.0-only */
/* Condition variables (see include/ddekit/condvar.h). */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <ddekit/condvar.h>
#include "owner.h"
#include "timeout.h"

struct ddekit_condvar {
	pthread_cond_t cond;
};

ddekit_condvar_t *ddekit_condvar_init(void)
{
	ddekit_condvar_t *cv = calloc(1, sizeof(*cv));
	pthread_condattr_t attr;

	if (!cv)
		return NULL;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&cv->cond, &attr);
	pthread_condattr_destroy(&attr);
	return cv;
}

void ddekit_condvar_deinit(ddekit_condvar_t *cv)
{
	if (cv)
		pthread_cond_destroy(&cv->cond);
	free(cv);
}

void ddekit_condvar_wait(ddekit_condvar_t *cv, ddekit_lock_t *lock)
{
	lock_set_owner(lock, 0);
	pthread_cond_wait(&cv->cond, &lock->mutex);
	lock_set_owner(lock, gettid());
}

int ddekit_condvar_wait_timed(ddekit_condvar_t *cv, ddekit_lock_t *lock, int msecs)
{
	struct timespec end = timeout_in(msecs);
	int err;

	lock_set_owner(lock, 0);
	err = pthread_cond_timedwait(&cv->cond, &lock->mutex, &end);
	lock_set_owner(lock, gettid());
	return err == ETIMEDOUT ? -ETIMEDOUT : 0;
}

void ddekit_condvar_signal(ddekit_condvar_t *cv)
{
	pthread_cond_signal(&cv->cond);
}

void ddekit_condvar_broadcast(ddekit_condvar_t *cv)
{
	pthread_cond_broadcast(&cv->cond);
}
