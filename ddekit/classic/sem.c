/* SPDX-License-Identifier: GPL-2.0-only */
/* Semaphores (see include/ddekit/sem.h). */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <ddekit/sem.h>
#include "blocking.h"
#include "timeout.h"

struct ddekit_sem {
	pthread_mutex_t lock;
	pthread_cond_t more;
	int count;
};

ddekit_sem_t *ddekit_sem_init(int value)
{
	pthread_condattr_t attr;
	ddekit_sem_t *s;

	if (value < 0) {
		errno = EINVAL;
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->more, &attr);
	pthread_condattr_destroy(&attr);
	s->count = value;
	return s;
}

void ddekit_sem_deinit(ddekit_sem_t *s)
{
	if (!s)
		return;
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int ddekit_sem_down_try(ddekit_sem_t *s)
{
	int err = -EAGAIN;

	pthread_mutex_lock(&s->lock);
	if (s->count) {
		s->count--;
		err = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

/* end: NULL: no limit. */
static int sem_down_until(ddekit_sem_t *s, const struct timespec *end)
{
	int err = 0;

	if (!ddekit_sem_down_try(s))
		return 0;
	thread_blocks(&s->lock, &s->more);
	pthread_mutex_lock(&s->lock);
	while (!s->count && !thread_dying() && !err)
		err = end ? -pthread_cond_timedwait(&s->more, &s->lock, end)
			  : -pthread_cond_wait(&s->more, &s->lock);
	if (thread_dying()) {
		/* Pass the wakeup on to another waiter. */
		pthread_cond_signal(&s->more);
	} else if (s->count) {
		s->count--;
		err = 0;
	}
	pthread_mutex_unlock(&s->lock);
	thread_unblocks();
	thread_end_if_dying();
	return err;
}

void ddekit_sem_down(ddekit_sem_t *s)
{
	sem_down_until(s, NULL);
}

int ddekit_sem_down_timed(ddekit_sem_t *s, int msecs)
{
	struct timespec end = timeout_in(msecs);

	return sem_down_until(s, &end);
}

void ddekit_sem_up(ddekit_sem_t *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->count < INT_MAX)
		s->count++;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}
