/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers requests of the kernel for modules: a thread finds the plugins in the plugin
 * folder's index, maps them, and unmaps those that were not loaded.  It is a thread of
 * its own because a CPU thread must not wait for a disk.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

/* Plugins mapped for one request, until the runtime has loaded them or not. */
struct job {
	struct job *next;
	unsigned int n;
	struct dde_host_plugin *plugin[DDE_MODPROBE_MAX];
	int result[DDE_MODPROBE_MAX];
};

static struct {
	sem_t work;
	_Atomic(struct dde_modprobe *) asked; /* stacks; the thread removes all */
	_Atomic(struct job *) ended;
	pthread_mutex_t lock;           /* of loaded */
	struct dde_host_plugin *loaded; /* newest first */
} modprobe = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- CPU thread ------------------------------------------------------------------ */

void host_modprobe(struct dde_modprobe *m)
{
	m->next = atomic_load(&modprobe.asked);
	while (!atomic_compare_exchange_weak(&modprobe.asked, &m->next, m))
		;
	sem_post(&modprobe.work);
}

void host_modprobe_done(struct dde_modprobe *m)
{
	struct job *job = m->job;

	memcpy(job->result, m->result, sizeof(job->result));
	job->next = atomic_load(&modprobe.ended);
	while (!atomic_compare_exchange_weak(&modprobe.ended, &job->next, job))
		;
	sem_post(&modprobe.work);
}

/* ---- the thread -------------------------------------------------------------------- */

static void add_loaded(struct dde_host_plugin *plugin)
{
	pthread_mutex_lock(&modprobe.lock);
	plugin->next = modprobe.loaded;
	modprobe.loaded = plugin;
	pthread_mutex_unlock(&modprobe.lock);
}

struct dde_host_plugin *dde_host_requested_take(void)
{
	struct dde_host_plugin *plugin;

	pthread_mutex_lock(&modprobe.lock);
	plugin = modprobe.loaded;
	if (plugin)
		modprobe.loaded = plugin->next;
	pthread_mutex_unlock(&modprobe.lock);
	return plugin;
}

/* A plugin that was live already is mapped by another owner as well. */
static void end_job(struct job *job)
{
	unsigned int i;

	for (i = job->n; i-- > 0;) {
		if (!job->result[i])
			add_loaded(job->plugin[i]);
		else
			dde_host_plugin_close(job->plugin[i]);
	}
	free(job);
}

static int open_one(struct job *job, const char *file)
{
	char path[PATH_MAX], *why = NULL;
	int err;

	if (snprintf(path, sizeof(path), "%s/%s", host.config.plugin_dir, file) >= PATH_MAX)
		return -ENAMETOOLONG;
	err = dde_host_plugin_open(path, NULL, &job->plugin[job->n], &why);
	if (err)
		host_log(3, "modprobe: %s", why ? why : strerror(-err));
	else
		job->result[job->n++] = -ECANCELED;
	free(why);
	return err;
}

/* Return: 0, -errno. Plugins opened so far are in *job in either case. */
static int open_named_plugins(const char *name, struct job *job)
{
	char *file[DDE_MODPROBE_MAX];
	int i, err = 0, n = -ENOENT;

	if (host.config.plugin_dir)
		n = host_index_find(host.config.plugin_dir, name, file, DDE_MODPROBE_MAX);
	if (n < 0 && n != -ENOENT)
		host_log(3, "modprobe %s: index of %s: %s", name, host.config.plugin_dir,
			 strerror(-n));
	for (i = 0; i < n; i++) {
		if (!err)
			err = open_one(job, file[i]);
		free(file[i]);
	}
	return n < 0 ? n : err;
}

static void answer_request(struct dde_modprobe *m)
{
	struct job *job = calloc(1, sizeof(*job));
	unsigned int i;

	m->error = job ? open_named_plugins(m->name, job) : -ENOMEM;
	if (m->error && job) {
		end_job(job);
	} else if (job) {
		m->job = job;
		m->n = job->n;
		for (i = 0; i < job->n; i++)
			m->plugin[i] = &job->plugin[i]->plugin;
	}
	host.up->plugin->modprobe_answer(m); /* m belongs to the runtime now */
	host_kick(0);
}

static void *modprobe_thread(void *unused)
{
	struct dde_modprobe *m, *next;
	struct job *job, *next_job;

	pthread_setname_np(pthread_self(), "modprobe"); /* for another thread this needs /proc */
	for (;;) {
		while (sem_wait(&modprobe.work) < 0)
			;
		for (job = atomic_exchange(&modprobe.ended, NULL); job; job = next_job) {
			next_job = job->next;
			end_job(job);
		}
		for (m = atomic_exchange(&modprobe.asked, NULL); m; m = next) {
			next = m->next;
			answer_request(m);
		}
	}
	return NULL;
}

/* Blocks all signals in the thread but SIGSYS, by which a sandbox may handle the
 * thread's own system calls. */
int host_modprobe_init(void)
{
	sigset_t all, old;
	pthread_t thread;
	int err;

	if (sem_init(&modprobe.work, 0, 0) < 0)
		return -errno;
	sigfillset(&all);
	sigdelset(&all, SIGSYS);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(&thread, NULL, modprobe_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}
