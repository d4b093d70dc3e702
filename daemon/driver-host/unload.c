/* SPDX-License-Identifier: GPL-2.0-only */
/* See unload.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "mailbox.h"
#include "unload.h"

#define MAX_REQUESTED 64

static struct {
	struct dde_host_plugin **own;
	unsigned int n_own;
	bool (*goes)(unsigned int i);
	struct dde_host_plugin *requested[MAX_REQUESTED]; /* newest first */
	unsigned int n_requested;
	unsigned int at;  /* of the two, in the order of unloading */
	bool progress;    /* something went since the last turn began */
	const char *busy; /* the first path that was in use in this turn */
	struct call call;
	void (*done)(int error, const char *why);
} unload;

static struct dde_host_plugin **slot(unsigned int i)
{
	if (i < unload.n_requested)
		return &unload.requested[i];
	return &unload.own[unload.n_own - 1 - (i - unload.n_requested)];
}

static bool is_done(unsigned int i)
{
	if (!*slot(i))
		return true;
	return i >= unload.n_requested && !unload.goes(unload.n_own - 1 - (i - unload.n_requested));
}

static void next(void);

static void on_module_unloaded(struct call *call)
{
	struct dde_host_plugin **p = slot(unload.at);
	int err = (int)call->req.result;
	char why[512];

	if (err == -EBUSY) {
		if (!unload.busy)
			unload.busy = (*p)->path;
	} else if (err && err != -ENOENT) {
		snprintf(why, sizeof(why), "%s cannot be unloaded: %s", (*p)->path, strerror(-err));
		unload.done(err, why);
		return;
	} else {
		dde_host_plugin_close(*p);
		*p = NULL;
		unload.progress = true;
	}
	unload.at++;
	next();
}

/* All have been tried: once more those that were used by others of them. */
static bool turn_over(void)
{
	char why[512];

	if (!unload.busy) {
		unload.done(0, NULL);
		return false;
	}
	if (!unload.progress) {
		snprintf(why, sizeof(why), "%s cannot be unloaded: it is in use", unload.busy);
		unload.done(-EBUSY, why);
		return false;
	}
	unload.at = 0;
	unload.progress = false;
	unload.busy = NULL;
	return true;
}

static void next(void)
{
	for (;;) {
		while (unload.at < unload.n_requested + unload.n_own && is_done(unload.at))
			unload.at++;
		if (unload.at < unload.n_requested + unload.n_own)
			break;
		if (!turn_over())
			return;
	}
	call_submit(&unload.call, dde_host_up()->plugin->unload, &(*slot(unload.at))->plugin,
		    on_module_unloaded);
}

/* Nothing to be done in the runtime: only that done() is not called from within. */
static void on_begun(struct call *call)
{
	next();
}

void unload_start(struct dde_host_plugin **plugin, unsigned int n, bool (*goes)(unsigned int i),
		  void (*done)(int error, const char *why))
{
	static uint64_t beats;

	unload.own = plugin;
	unload.n_own = n;
	unload.goes = goes;
	unload.done = done;
	unload.at = 0;
	unload.progress = false;
	unload.busy = NULL;
	for (unload.n_requested = 0; unload.n_requested < MAX_REQUESTED; unload.n_requested++) {
		unload.requested[unload.n_requested] = dde_host_requested_take();
		if (!unload.requested[unload.n_requested])
			break;
	}
	call_submit(&unload.call, dde_host_up()->sys->heartbeat, &beats, on_begun);
}
