/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Timers (see include/ddekit/timer.h): a list sorted by deadline and one
 * thread, which lives as long as the program.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <ddekit/thread.h>
#include <ddekit/timer.h>

struct timer {
	struct timer *next;
	int id;
	uint64_t deadline;
	void (*fn)(void *arg);
	void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* the head of the list; CLOCK_MONOTONIC */
static pthread_cond_t finished = PTHREAD_COND_INITIALIZER; /* running has */
static struct timer *timers;
static ddekit_thread_t *thread;
static int running; /* id; 0: none */
static int last_id;

uint64_t ddekit_time_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Lock held. Runs the head, which is due. */
static void timer_run_head(void)
{
	struct timer *t = timers;

	timers = t->next;
	running = t->id;
	pthread_mutex_unlock(&lock);
	t->fn(t->arg);
	free(t);
	pthread_mutex_lock(&lock);
	running = 0;
	pthread_cond_broadcast(&finished);
}

static void timer_run_all(void *arg)
{
	struct timespec ts;

	(void)arg;
	pthread_mutex_lock(&lock);
	for (;;) {
		if (!timers) {
			pthread_cond_wait(&changed, &lock);
		} else if (timers->deadline <= ddekit_time_ns()) {
			timer_run_head();
		} else {
			ts.tv_sec = (time_t)(timers->deadline / 1000000000u);
			ts.tv_nsec = (long)(timers->deadline % 1000000000u);
			pthread_cond_timedwait(&changed, &lock, &ts);
		}
	}
}

/* Lock held. */
static int timer_start_thread(void)
{
	pthread_condattr_t attr;

	if (thread)
		return 0;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attr);
	pthread_condattr_destroy(&attr);
	thread = ddekit_thread_create(timer_run_all, NULL, "ddekit-timer");
	return thread ? 0 : -errno;
}

/* Lock held. The pointer to a timer in the list, or the one at its end. */
static struct timer **timer_find(int id)
{
	struct timer **p = &timers;

	while (*p && (*p)->id != id)
		p = &(*p)->next;
	return p;
}

/* Lock held. */
static void timer_insert(struct timer *t)
{
	struct timer **p = &timers;

	do {
		last_id = last_id == INT_MAX ? 1 : last_id + 1;
	} while (*timer_find(last_id) || running == last_id);
	t->id = last_id;
	while (*p && (*p)->deadline <= t->deadline)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
	if (p == &timers)
		pthread_cond_signal(&changed);
}

int ddekit_add_timer_at(void (*fn)(void *arg), void *arg, uint64_t deadline_ns)
{
	struct timer *t = malloc(sizeof(*t));
	int ret;

	if (!t)
		return -ENOMEM;
	*t = (struct timer){ .deadline = deadline_ns, .fn = fn, .arg = arg };
	pthread_mutex_lock(&lock);
	ret = timer_start_thread();
	if (!ret) {
		timer_insert(t);
		ret = t->id;
	}
	pthread_mutex_unlock(&lock);
	if (ret < 0)
		free(t);
	return ret;
}

int ddekit_add_timer(void (*fn)(void *arg), void *arg, uint64_t delay_ns)
{
	uint64_t now = ddekit_time_ns();

	return ddekit_add_timer_at(fn, arg, delay_ns > ~0ull - now ? ~0ull : now + delay_ns);
}

int ddekit_del_timer(int id)
{
	struct timer **p, *t;

	pthread_mutex_lock(&lock);
	p = timer_find(id);
	t = *p;
	if (t)
		*p = t->next;
	else if (running == id && ddekit_thread_myself() != thread)
		while (running == id)
			pthread_cond_wait(&finished, &lock);
	pthread_mutex_unlock(&lock);
	if (!t)
		return -ENOENT;
	free(t);
	return 0;
}

bool ddekit_timer_pending(int id)
{
	bool ret;

	pthread_mutex_lock(&lock);
	ret = *timer_find(id) != NULL;
	pthread_mutex_unlock(&lock);
	return ret;
}
