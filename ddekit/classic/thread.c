/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads (see include/ddekit/thread.h). */
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <ddekit/lock.h>
#include <ddekit/thread.h>
#include "blocking.h"

#define NAME_SIZE 16

struct ddekit_thread {
	pthread_t pthread;
	int id;
	char name[NAME_SIZE];
	void *data;
	sem_t wakeups;
	sem_t started;
	sem_t end; /* posted by terminate: ends timed sleeps */
	bool dying;
	pthread_mutex_t block_lock;
	pthread_mutex_t *block_mutex; /* of the condition it waits for; NULL: none */
	pthread_cond_t *block_cond;
	void (*fn)(void *arg);
	void *arg;
};

static __thread ddekit_thread_t *self;
static pthread_key_t foreign_key; /* frees threads of setup_myself() */
static pthread_once_t foreign_once = PTHREAD_ONCE_INIT;

static void thread_set_name(ddekit_thread_t *t, const char *name)
{
	strncpy(t->name, name ? name : "ddekit", NAME_SIZE - 1);
}

static ddekit_thread_t *thread_alloc(const char *name)
{
	ddekit_thread_t *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	thread_set_name(t, name);
	sem_init(&t->wakeups, 0, 0);
	sem_init(&t->started, 0, 0);
	sem_init(&t->end, 0, 0);
	pthread_mutex_init(&t->block_lock, NULL);
	return t;
}

static void thread_free(void *thread)
{
	ddekit_thread_t *t = thread;

	sem_destroy(&t->wakeups);
	sem_destroy(&t->started);
	sem_destroy(&t->end);
	pthread_mutex_destroy(&t->block_lock);
	free(t);
}

static void *thread_run(void *arg)
{
	ddekit_thread_t *t = arg;

	self = t;
	t->id = gettid();
	pthread_setname_np(pthread_self(), t->name);
	sem_post(&t->started);
	t->fn(t->arg);
	return NULL;
}

ddekit_thread_t *ddekit_thread_create(void (*fn)(void *arg), void *arg, const char *name)
{
	ddekit_thread_t *t = thread_alloc(name);
	sigset_t all, old;
	int err;

	if (!t)
		return NULL;
	t->fn = fn;
	t->arg = arg;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&t->pthread, NULL, thread_run, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		thread_free(t);
		errno = err;
		return NULL;
	}
	while (sem_wait(&t->started) && errno == EINTR)
		;
	return t;
}

void ddekit_thread_join(ddekit_thread_t *t)
{
	pthread_join(t->pthread, NULL);
	thread_free(t);
}

void ddekit_thread_terminate(ddekit_thread_t *t)
{
	__atomic_store_n(&t->dying, true, __ATOMIC_SEQ_CST);
	sem_post(&t->end);
	sem_post(&t->wakeups);
	pthread_mutex_lock(&t->block_lock);
	if (t->block_cond) {
		/* With the mutex held: the thread has not checked yet, or it waits. */
		pthread_mutex_lock(t->block_mutex);
		pthread_cond_broadcast(t->block_cond);
		pthread_mutex_unlock(t->block_mutex);
	}
	pthread_mutex_unlock(&t->block_lock);
	ddekit_thread_join(t);
}

bool thread_dying(void)
{
	return self && __atomic_load_n(&self->dying, __ATOMIC_SEQ_CST);
}

void thread_end_if_dying(void)
{
	if (thread_dying())
		ddekit_thread_exit();
}

void thread_blocks(pthread_mutex_t *mutex, pthread_cond_t *cond)
{
	if (!self)
		return;
	pthread_mutex_lock(&self->block_lock);
	self->block_mutex = mutex;
	self->block_cond = cond;
	pthread_mutex_unlock(&self->block_lock);
}

void thread_unblocks(void)
{
	thread_blocks(NULL, NULL);
}

void ddekit_thread_exit(void)
{
	pthread_exit(NULL);
}

ddekit_thread_t *ddekit_thread_myself(void)
{
	return self;
}

static void foreign_key_create(void)
{
	pthread_key_create(&foreign_key, thread_free);
}

ddekit_thread_t *ddekit_thread_setup_myself(const char *name)
{
	ddekit_thread_t *t = self;

	if (!t) {
		pthread_once(&foreign_once, foreign_key_create);
		t = thread_alloc(name);
		if (!t)
			return NULL;
		if (pthread_setspecific(foreign_key, t)) {
			thread_free(t);
			errno = ENOMEM;
			return NULL;
		}
		t->pthread = pthread_self();
		t->id = gettid();
		self = t;
	}
	thread_set_name(t, name);
	pthread_setname_np(t->pthread, t->name);
	return t;
}

void ddekit_thread_set_data(ddekit_thread_t *t, void *data)
{
	__atomic_store_n(&t->data, data, __ATOMIC_RELEASE);
}

void *ddekit_thread_get_data(ddekit_thread_t *t)
{
	return __atomic_load_n(&t->data, __ATOMIC_ACQUIRE);
}

void ddekit_thread_set_my_data(void *data)
{
	ddekit_thread_set_data(self, data);
}

void *ddekit_thread_get_my_data(void)
{
	return ddekit_thread_get_data(self);
}

const char *ddekit_thread_get_name(ddekit_thread_t *t)
{
	return t->name;
}

int ddekit_thread_get_id(ddekit_thread_t *t)
{
	return t->id;
}

static void sleep_for(time_t sec, long nsec)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += sec;
	ts.tv_nsec += nsec;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	if (!self) {
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
			;
		return;
	}
	/* Only terminate posts it. */
	while (sem_clockwait(&self->end, CLOCK_MONOTONIC, &ts) && errno == EINTR)
		;
	thread_end_if_dying();
}

void ddekit_thread_msleep(unsigned long msecs)
{
	sleep_for((time_t)(msecs / 1000), (long)(msecs % 1000) * 1000000);
}

void ddekit_thread_usleep(unsigned long usecs)
{
	sleep_for((time_t)(usecs / 1000000), (long)(usecs % 1000000) * 1000);
}

void ddekit_thread_nsleep(unsigned long nsecs)
{
	sleep_for((time_t)(nsecs / 1000000000), (long)(nsecs % 1000000000));
}

void ddekit_thread_sleep(struct ddekit_lock *lock)
{
	ddekit_lock_unlock(lock);
	while (sem_wait(&self->wakeups) && errno == EINTR)
		;
	thread_end_if_dying();
	ddekit_lock_lock(lock);
}

void ddekit_thread_wakeup(ddekit_thread_t *t)
{
	sem_post(&t->wakeups);
}

void ddekit_thread_schedule(void)
{
	sched_yield();
}

void ddekit_yield(void)
{
	sched_yield();
}
