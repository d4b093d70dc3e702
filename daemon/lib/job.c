/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that may wait, in threads; see job.h. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "job.h"
#include "util.h"

#define STACK_BYTES (512 << 10)
#define SINGLE_MAX 16 /* jobs of job_run() at the same time */

struct job {
	struct job *next;
	struct jobs *jobs;
	const struct job_ops *ops;
	void *arg;
	sd_event_source *timer;
	bool finished; /* ops->work() has returned; under the lock */
};

struct jobs {
	sd_event *event;
	sd_event_source *source;
	int wake[2]; /* a byte for each finished job */
	pthread_t thread;
	bool started; /* the thread has been created */
	bool busy;    /* calling done(): must not be freed */
	bool closing; /* destroy the queue when it is idle */
	bool single;
	pthread_mutex_t lock; /* protects the members below */
	pthread_cond_t more;
	struct job *first; /* the running job, then the waiting ones */
	struct job *next;  /* the first job that has not been started */
	bool end;
};

static unsigned int n_single;

/* ---- the thread ------------------------------------------------------------ */

/* Waits for the next job. NULL: the queue is being destroyed. */
static struct job *next_job(struct jobs *jobs)
{
	struct job *job;

	pthread_mutex_lock(&jobs->lock);
	while (!jobs->next && !jobs->end)
		pthread_cond_wait(&jobs->more, &jobs->lock);
	job = jobs->next;
	if (job)
		jobs->next = job->next;
	pthread_mutex_unlock(&jobs->lock);
	return job;
}

static void *run_jobs(void *arg)
{
	struct jobs *jobs = arg;
	struct job *job;

	while ((job = next_job(jobs))) {
		job->ops->work(job->arg);
		pthread_mutex_lock(&jobs->lock);
		job->finished = true;
		pthread_mutex_unlock(&jobs->lock);
		/* The pipe has room for more jobs than a queue ever has. */
		if (write(jobs->wake[1], "", 1) < 0)
			continue;
	}
	return NULL;
}

/* The thread blocks all signals: the event loop handles them. */
static int start_thread(struct jobs *jobs)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int r;

	if (jobs->started)
		return 0;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&jobs->thread, &attr, run_jobs, jobs);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	jobs->started = !r;
	return r ? -EAGAIN : 0;
}

/* ---- the event loop ---------------------------------------------------------- */

static void destroy_jobs(struct jobs *jobs)
{
	if (jobs->started) {
		pthread_mutex_lock(&jobs->lock);
		jobs->end = true;
		pthread_cond_signal(&jobs->more);
		pthread_mutex_unlock(&jobs->lock);
		pthread_join(jobs->thread, NULL); /* it is idle, so this does not block */
	}
	n_single -= jobs->single;
	sd_event_source_disable_unref(jobs->source);
	fd_close(&jobs->wake[0]);
	fd_close(&jobs->wake[1]);
	pthread_mutex_destroy(&jobs->lock);
	pthread_cond_destroy(&jobs->more);
	free(jobs);
}

/* Removes the first job if its work is done. */
static struct job *pop_finished(struct jobs *jobs)
{
	struct job *job;

	pthread_mutex_lock(&jobs->lock);
	job = jobs->first;
	if (job && job->finished)
		jobs->first = job->next;
	else
		job = NULL;
	pthread_mutex_unlock(&jobs->lock);
	return job;
}

static int on_wake(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct jobs *jobs = arg;
	struct job *job;
	char buf[64];

	while (read(jobs->wake[0], buf, sizeof(buf)) == (ssize_t)sizeof(buf))
		;
	jobs->busy = true;
	while ((job = pop_finished(jobs))) {
		sd_event_source_disable_unref(job->timer);
		job->ops->done(job->arg);
		free(job);
	}
	jobs->busy = false;
	if (jobs->closing && jobs_idle(jobs))
		destroy_jobs(jobs);
	return 0;
}

static int on_limit(sd_event_source *source, uint64_t usec, void *arg)
{
	struct job *job = arg;

	job->ops->late(job->arg);
	return 0;
}

int jobs_create(sd_event *event, struct jobs **ret)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));
	int r;

	if (!jobs)
		return -ENOMEM;
	*jobs = (struct jobs){ .event = event, .wake = { -1, -1 } };
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->more, NULL);
	r = pipe2(jobs->wake, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
	if (!r)
		r = sd_event_add_io(event, &jobs->source, jobs->wake[0], EPOLLIN, on_wake, jobs);
	if (r < 0) {
		destroy_jobs(jobs);
		return r;
	}
	*ret = jobs;
	return 0;
}

static void append_job(struct jobs *jobs, struct job *job)
{
	struct job **at;

	pthread_mutex_lock(&jobs->lock);
	for (at = &jobs->first; *at; at = &(*at)->next)
		;
	*at = job;
	if (!jobs->next)
		jobs->next = job;
	pthread_cond_signal(&jobs->more);
	pthread_mutex_unlock(&jobs->lock);
}

int jobs_add(struct jobs *jobs, const struct job_ops *ops, void *arg)
{
	struct job *job = calloc(1, sizeof(*job));
	int r = job ? start_thread(jobs) : -ENOMEM;

	if (!r) {
		*job = (struct job){ .jobs = jobs, .ops = ops, .arg = arg };
		if (ops->late)
			r = sd_event_add_time_relative(jobs->event, &job->timer, CLOCK_MONOTONIC,
						       ops->limit_ms * 1000ull, 0, on_limit, job);
	}
	if (r < 0) {
		free(job);
		return r;
	}
	append_job(jobs, job);
	return 0;
}

bool jobs_idle(const struct jobs *jobs)
{
	return !jobs->first; /* only the event loop's thread changes it */
}

void jobs_destroy(struct jobs *jobs)
{
	if (!jobs)
		return;
	if (jobs_idle(jobs) && !jobs->busy)
		destroy_jobs(jobs);
	else
		jobs->closing = true;
}

int job_run(sd_event *event, const struct job_ops *ops, void *arg)
{
	struct jobs *jobs;
	int r = n_single < SINGLE_MAX ? jobs_create(event, &jobs) : -EBUSY;

	if (r < 0)
		return r;
	jobs->single = true;
	n_single++;
	r = jobs_add(jobs, ops, arg);
	jobs_destroy(jobs); /* when the job is done */
	return r;
}
