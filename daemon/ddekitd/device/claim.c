/* SPDX-License-Identifier: GPL-2.0-only */
/* The jobs on a claim: claim, handover, quiesce, release; and its death; see private.h. */
#include <errno.h>

#include "persist.h"
#include "work.h"
#include "private.h"
#include "lib/job.h"
#include "state/lock-file.h"
#include "lib/log.h"
#include "system/net-settings.h"

#define CLAIM_LIMIT_MS 60000 /* a kernel driver may be slow to release it */
#define CLOSE_LIMIT_MS 30000
#define QUIESCE_LIMIT_MS 70000 /* the kernel waits a minute for a device to come back */
#define HANDOVER_LIMIT_MS 30000
#define REARM_MS 5000 /* the kernel repeats its request for a device every 10 s */

/* ---- the device's death -------------------------------------------------- */

static void on_claim_died(struct device *dev, const struct death_work *w)
{
	_cleanup_free_ char *text = NULL;

	if (!dev->hold.claim)
		return;
	/* An error that a reset cures costs the host; it is watched again after it. */
	if (w->result == 1) {
		if (dev->run.host)
			host_kill(dev->run.host, w->why);
		return;
	}
	if (w->result == -EBUSY) {
		sd_event_source_set_enabled(dev->hold.death, SD_EVENT_ON);
		return;
	}
	if (w->result >= 0)
		text = str_format("the device died: %s; ddectl restart %s claims it again", w->why,
				  dev->config->bdf_text);
	dev->events->condemned(dev, text ? text : "the device died");
}

static void death_done(void *arg)
{
	struct death_work *w = arg;

	on_claim_died(w->dev, w);
	free(w->why);
	free(w);
}

static const struct job_ops death_ops = { .work = work_death, .done = death_done };

/* It says each event once, so it is asked for one at a time. */
static int on_claim_death(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct device *dev = arg;
	struct death_work *w = calloc(1, sizeof(*w));
	int r = -ENOMEM;

	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (w) {
		*w = (struct death_work){ .dev = dev, .claim = dev->hold.claim };
		r = jobs_add(dev->work.jobs, &death_ops, w);
	}
	if (r < 0) {
		free(w);
		dev->events->condemned(dev, "the device died");
	}
	return 0;
}

static void rearm_later(struct device *dev)
{
	sd_event_source_set_time_relative(dev->hold.rearm, REARM_MS * 1000);
	sd_event_source_set_enabled(dev->hold.rearm, SD_EVENT_ONESHOT);
}

static void rearm_done(void *arg)
{
	struct rearm_work *w = arg;

	if (w->dev->hold.rearm && w->error != -EOPNOTSUPP)
		rearm_later(w->dev);
	free(w);
}

static const struct job_ops rearm_ops = { .work = work_rearm, .done = rearm_done };

static int on_rearm(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;
	struct rearm_work *w = dev->run.host ? calloc(1, sizeof(*w)) : NULL;

	if (dev->env->stopping) { /* a job would keep the device from being released */
		free(w);
		return 0;
	}
	if (w)
		*w = (struct rearm_work){ .dev = dev, .claim = dev->hold.claim };
	if (!w || jobs_add(dev->work.jobs, &rearm_ops, w) < 0) {
		free(w);
		rearm_later(dev);
	}
	return 0;
}

static int watch_claim(struct device *dev)
{
	int fd = ddekit_claim_death_fd(dev->hold.claim), r;

	if (fd < 0)
		return 0;
	r = sd_event_add_io(dev->env->event, &dev->hold.death, fd, EPOLLIN, on_claim_death, dev);
	if (r >= 0)
		r = sd_event_add_time_relative(dev->env->event, &dev->hold.rearm, CLOCK_MONOTONIC,
					       REARM_MS * 1000, 0, on_rearm, dev);
	return r < 0 ? r : 0;
}

/* ---- claim --------------------------------------------------------------- */

/* An administrator must not find that out by accident. */
static void warn_unisolated(struct device *dev)
{
	struct log_about about = device_about(dev);

	if (!ddekit_claim_isolated(dev->hold.claim))
		log_line(&about, LOG_WARNING,
			 "no DMA isolation: by backend %s the device, and so "
			 "its driver, can reach all of the machine's memory; with an IOMMU use "
			 "backend=vfio",
			 dev->config->backend);
}

int device_claimed(struct device *dev, struct claim_work *w, char **ret_why)
{
	dev->hold.lock = w->lock;
	dev->hold.before = w->before;
	if (w->saved) {
		netsave_free(dev->hold.saved);
		dev->hold.saved = w->saved;
	}
	device_log_notes(dev, &w->notes);
	*ret_why = w->why;
	w->why = NULL;
	if (w->error < 0)
		return w->error;
	dev->hold.claim = w->claim;
	memcpy(dev->hold.modalias, w->modalias, sizeof(dev->hold.modalias));
	warn_unisolated(dev);
	return watch_claim(dev);
}

static void claim_done(void *arg)
{
	struct claim_work *w = arg;

	w->dev->events->claimed(w->dev, w);
	claim_work_finish(w);
	free(w);
}

static void claim_late(void *arg)
{
	struct claim_work *w = arg;

	w->dev->events->late(w->dev, "the claim of the device", CLAIM_LIMIT_MS);
}

static const struct job_ops claim_ops = {
	.work = work_claim,
	.done = claim_done,
	.late = claim_late,
	.limit_ms = CLAIM_LIMIT_MS,
};

int device_open_claim(struct device *dev)
{
	struct claim_work w = {
		.dev = dev,
		.config = device_config_copy(dev->config),
		.dir = dev->env->global->runtime_dir,
		.uid = dev->env->host_uid,
		.gid = dev->env->host_gid,
		.before = dev->hold.before,
		.force = dev->settings.force,
		.barrier = dev->persisted.barrier,
		.lock = dev->hold.lock,
	};
	int r = w.config ? device_post_copy(dev, &claim_ops, &w, sizeof(w)) : -ENOMEM;

	if (r < 0)
		claim_work_finish(&w);
	else
		device_barrier_passes(dev);
	return r;
}

void device_hold_file(struct device *dev, int fd)
{
	dev->hold.file = fd;
}

void device_restore_hold(struct device *dev, const struct device_hold *hold)
{
	dev->hold.lock = hold->lock;
	dev->hold.before = hold->before;
	dev->hold.saved = hold->saved;
	memcpy(dev->hold.modalias, hold->modalias, sizeof(hold->modalias));
}

int device_adopt_claim(struct device *dev, struct ddekit_claim *claim)
{
	int r;

	dev->hold.claim = claim;
	dev->hold.before.changed = false; /* the claim knows it */
	r = watch_claim(dev);
	if (dev->hold.lock >= 0)
		lockfile_sign(dev->hold.lock);
	if (r < 0) {
		ddekit_claim_close(dev->hold.claim);
		dev->hold.claim = NULL;
	}
	return r;
}

/* ---- between driver hosts ---------------------------------------------------- */

static void quiesce_done(void *arg)
{
	struct quiesce_work *w = arg;

	w->dev->events->quiesced(w->dev, w);
	free(w->death);
	free(w);
}

static void quiesce_late(void *arg)
{
	struct quiesce_work *w = arg;

	w->dev->events->late(w->dev, "the reset of the device", QUIESCE_LIMIT_MS);
}

static const struct job_ops quiesce_ops = {
	.work = work_quiesce,
	.done = quiesce_done,
	.late = quiesce_late,
	.limit_ms = QUIESCE_LIMIT_MS,
};

int device_quiesce(struct device *dev)
{
	struct quiesce_work w = { .dev = dev, .claim = dev->hold.claim };

	return device_post_copy(dev, &quiesce_ops, &w, sizeof(w));
}

void device_watch_claim_again(struct device *dev)
{
	if (dev->hold.death)
		sd_event_source_set_enabled(dev->hold.death, SD_EVENT_ON);
}

static void handover_done(void *arg)
{
	struct handover_work *w = arg;

	w->dev->events->handed_over(w->dev, w);
	free(w);
}

static void handover_late(void *arg)
{
	struct handover_work *w = arg;

	device_classes_quiet(w->dev); /* no host will have its ring */
	w->dev->events->late(w->dev, "the handover of the device", HANDOVER_LIMIT_MS);
}

static const struct job_ops handover_ops = {
	.work = work_handover,
	.done = handover_done,
	.late = handover_late,
	.limit_ms = HANDOVER_LIMIT_MS,
};

int device_open_handover(struct device *dev)
{
	struct handover_work w = { .dev = dev, .claim = dev->hold.claim };

	return device_post_copy(dev, &handover_ops, &w, sizeof(w));
}

/* ---- release ----------------------------------------------------------------- */

bool device_holds_something(const struct device *dev)
{
	return dev->hold.claim || dev->hold.file >= 0 || dev->hold.lock >= 0 || dev->hold.saved ||
	       dev->hold.before.changed || dev->persisted.state >= 0;
}

/* Moves what is to be released into the work. */
static struct close_work *make_close(struct device *dev)
{
	struct close_work *w = calloc(1, sizeof(*w));
	bool all = dev->release != RELEASE_REPLACE;

	if (!w)
		return NULL;
	*w = (struct close_work){ .dev = dev, .bdf = dev->config->bdf, .file = -1, .lock = -1 };
	memcpy(w->bdf_text, dev->config->bdf_text, sizeof(w->bdf_text));
	if (all) {
		device_drop_persisted(dev); /* a copy that is kept keeps the device busy */
		w->barrier = dev->persisted.barrier;
		device_barrier_passes(dev);
		device_release_classes(dev);
		w->file = dev->hold.file;
		dev->hold.file = -1;
	}
	if (dev->held)
		return w;
	dev->hold.death = sd_event_source_disable_unref(dev->hold.death);
	dev->hold.rearm = sd_event_source_disable_unref(dev->hold.rearm);
	w->claim = dev->hold.claim;
	dev->hold.claim = NULL;
	if (!all)
		return w;
	w->before = dev->hold.before;
	dev->hold.before.changed = false;
	w->saved = dev->hold.saved;
	w->dir = dev->env->global->runtime_dir;
	w->lock = dev->hold.lock;
	dev->hold.lock = -1;
	dev->hold.modalias[0] = 0;
	return w;
}

static void report_close(struct device *dev, const struct close_work *w)
{
	struct log_about about = device_about(dev);

	if (w->barrier_error < 0)
		log_line(&about, LOG_WARNING, "the service manager does not answer: %s",
			 strerror(-w->barrier_error));
	if (w->return_error)
		log_line(&about, LOG_ERR, "%s", w->return_error);
	device_log_notes(dev, &w->notes);
	if (!w->saved)
		return;
	netsave_free(dev->hold.saved);
	dev->hold.saved = NULL;
}

static void close_done(void *arg)
{
	struct close_work *w = arg;

	report_close(w->dev, w);
	w->dev->events->closed(w->dev); /* may be gone after this */
	close_work_free(w);
}

static void close_late(void *arg)
{
	struct close_work *w = arg;

	w->dev->events->late(w->dev, "the return of the device", CLOSE_LIMIT_MS);
}

static const struct job_ops close_ops = {
	.work = work_close,
	.done = close_done,
	.late = close_late,
	.limit_ms = CLOSE_LIMIT_MS,
};

int device_close(struct device *dev)
{
	struct close_work *w = make_close(dev);
	int r = w ? device_post(dev, &close_ops, w) : -ENOMEM;

	if (r < 0 && w) {
		/* Back to the device, for another try. */
		dev->hold.file = w->file >= 0 ? w->file : dev->hold.file;
		dev->hold.claim = w->claim ? w->claim : dev->hold.claim;
		dev->hold.before = w->before;
		dev->hold.lock = w->lock >= 0 ? w->lock : dev->hold.lock;
		close_work_free(w);
	}
	return r;
}

void device_close_claim_at_once(struct device *dev)
{
	struct close_work *w = device_holds_something(dev) ? make_close(dev) : NULL;

	if (!w)
		return;
	work_close(w);
	report_close(dev, w);
	close_work_free(w);
}

/* ---- for others ---------------------------------------------------------------- */

struct ddekit_claim *device_claim(const struct device *dev)
{
	return dev->hold.claim;
}

const char *device_modalias(const struct device *dev)
{
	return dev->hold.modalias[0] ? dev->hold.modalias : NULL;
}
