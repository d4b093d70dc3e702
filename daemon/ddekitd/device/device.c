/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's state machine; see device.h. */
#include <errno.h>

#include "persist.h"
#include "work.h"
#include "private.h"
#include "system/in-use.h"
#include "lib/job.h"
#include "lib/log.h"
#include "process/message.h"
#include "system/pci-sysfs.h"

#define SECOND_NS 1000000000ull
#define MS_NS 1000000ull
#define HISTORY 64 /* changes of state that are remembered */

/* ---- start --------------------------------------------------------------- */

static int choose_plugin(struct device *dev, char **ret_why)
{
	struct device_plugin plugin;
	int r = plugin_choose(dev->config, dev->hold.modalias, dev->env->global, &plugin, ret_why);

	if (r < 0)
		return r;
	device_set_plugin(dev, &plugin);
	return 0;
}

#define LOOK_AGAIN_MS 5

static void advance_start(struct device *dev);

static int on_advance(sd_event_source *source, uint64_t usec, void *arg)
{
	advance_start(arg);
	return 0;
}

/* Return: 0: a driver host may be started; 1: not yet; -errno. */
static int wait_for_classes(struct device *dev)
{
	if (device_classes_may_start(dev))
		return 0;
	return device_set_timer(dev, LOOK_AGAIN_MS, on_advance) < 0 ? -ENOMEM : 1;
}

static void claim_is_complete(struct device *dev)
{
	device_note_claim_end(dev);
	device_persist_claim(dev);
	device_enter(dev, DEVICE_STARTING, "driver %s", dev->plugin.name);
}

/* No driver host can be started with its settings. */
static void fail_start(struct device *dev, const char *why)
{
	if (!device_trial_undo(dev, why)) {
		device_fail(dev, why);
		return;
	}
	dev->plugin_old = true;
	if (device_set_timer(dev, 0, on_advance) < 0)
		device_fail(dev, "out of memory");
}

static void start_host(struct device *dev, const struct ddekit_handover *handover)
{
	_cleanup_free_ char *why = NULL;
	int r = device_start_host(dev, handover, &why);

	if (!r && device_limit_start(dev) < 0)
		device_condemn(dev, "out of memory");
	if (r < 0)
		fail_start(dev, why ? why : strerror(-r));
}

static void on_handed_over(struct device *dev, const struct handover_work *w)
{
	if (!device_posted(dev)) {
		/* The claim is being released: no host gets its files, or those of its class. */
		device_classes_quiet(dev);
		return;
	}
	if (w->error < 0)
		fail_start(dev, strerror(-w->error));
	else
		start_host(dev, &w->handover);
}

/* A driver host for the device that is claimed and quiet. */
static void advance_start(struct device *dev)
{
	_cleanup_free_ char *why = NULL;
	int r = 0;

	if (dev->plugin_old)
		r = choose_plugin(dev, &why);
	dev->plugin_old = false;
	if (!r)
		r = device_open_classes(dev, &why);
	if (r > 0)
		return;
	if (!r && dev->state == DEVICE_CLAIMING)
		claim_is_complete(dev);
	if (!r)
		r = wait_for_classes(dev);
	if (r > 0)
		return;
	if (!r)
		r = device_open_handover(dev);
	if (r < 0)
		fail_start(dev, why ? why : strerror(-r));
}

static void claim_now(struct device *dev)
{
	_cleanup_free_ char *why = NULL;
	int r = 0;

	if (dev->state == DEVICE_CLAIMING)
		device_note_claim_start(dev);
	if (strcmp(dev->config->driver, "auto"))
		r = choose_plugin(dev, &why); /* before anything is claimed */
	if (!r)
		r = device_open_claim(dev);
	if (r < 0)
		device_fail(dev, why ? why : strerror(-r));
}

static int on_claim_now(sd_event_source *source, uint64_t usec, void *arg)
{
	claim_now(arg);
	return 0;
}

static void on_claimed(struct device *dev, struct claim_work *w)
{
	_cleanup_free_ char *why = NULL;
	int r = device_claimed(dev, w, &why);

	if (!device_posted(dev))
		return;
	if (!r)
		r = choose_plugin(dev, &why);
	if (r < 0) {
		device_fail(dev, why ? why : strerror(-r));
		return;
	}
	dev->plugin_old = false;
	if (dev->state == DEVICE_CLAIMING) {
		advance_start(dev);
		return;
	}
	device_persist_claim(dev); /* QEMU was replaced */
	if (device_set_timer(dev, dev->delay_s * 1000ull, on_advance) < 0)
		device_fail(dev, "out of memory");
}

/* What the class needs is there, or cannot be. */
static void on_class_opened(struct device *dev, int error, const char *why)
{
	if (!device_posted(dev))
		return;
	if (error < 0)
		device_fail(dev, why ? why : strerror(-error));
	else
		advance_start(dev);
}

int device_start(struct device *dev)
{
	if (!device_state_is_down(dev->state))
		return -EALREADY;
	if (dev->work.busy && dev->release == RELEASE_STOP && dev->want != WANT_GONE) {
		dev->want = WANT_CONFIG; /* it starts once it is down */
		return 0;
	}
	if (dev->work.busy)
		return -EBUSY;
	str_set(&dev->error, NULL);
	dev->want = WANT_UP;
	device_enter(dev, DEVICE_CLAIMING, "backend %s", dev->config->backend);
	if (!dev->held)
		return device_set_timer(dev, 0, on_claim_now);
	dev->held = false;
	device_begin_release(dev, RELEASE_START);
	return 0;
}

static void on_ready(struct device *dev)
{
	uint64_t now = mono_ns(), since;

	dev->timer = sd_event_source_disable_unref(dev->timer);
	device_note_up(dev, now);
	if (dev->want != WANT_UP)
		return; /* it is being stopped already */
	since = dev->reloading ? dev->outage.start : dev->run.times.host_start;
	device_enter(dev, DEVICE_UP, "driver %s ready %llu ms after its %s", device_driver(dev),
		     (now - since) / MS_NS, dev->reloading ? "reload" : "start");
	dev->reloading = false;
	device_classes_ready(dev, false);
	if (device_on_trial(dev) && device_trial_run(dev) < 0)
		device_condemn(dev, "out of memory");
}

/* ---- stop ---------------------------------------------------------------- */

static void stop_for(struct device *dev, enum device_want want)
{
	if (dev->want != WANT_GONE)
		dev->want = want;
	if (dev->work.busy || dev->release != RELEASE_NONE) {
		if (!device_state_is_down(dev->state) && dev->state != DEVICE_STOPPING)
			device_enter(dev, DEVICE_STOPPING, "asked to");
		return;
	}
	if (!dev->run.host) {
		dev->held = false;
		device_begin_release(dev, RELEASE_STOP);
		return;
	}
	if (dev->state == DEVICE_STOPPING)
		return;
	device_enter(dev, DEVICE_STOPPING, "asked to");
	device_stop_host(dev);
}

void device_stop(struct device *dev, bool forget)
{
	stop_for(dev, forget ? WANT_GONE : WANT_DOWN);
}

void device_replace_config(struct device *dev, struct device_config *config)
{
	bool down = device_state_is_down(dev->state) && !dev->work.busy;

	device_set_next_config(dev, config);
	if (down)
		device_apply_next_config(dev);
	else
		stop_for(dev, dev->want == WANT_DOWN || dev->late ? WANT_DOWN : WANT_CONFIG);
}

/* ---- restart ------------------------------------------------------------- */

static void replace_qemu(struct device *dev)
{
	struct log_about about = device_about(dev);

	log_line(&about, LOG_WARNING,
		 "the emulated device does not answer: another QEMU takes its place");
	device_begin_release(dev, RELEASE_REPLACE);
}

/* The device cannot be made quiet: only an emulated one can be replaced. */
static void on_quiesce_error(struct device *dev, const struct quiesce_work *w)
{
	_cleanup_free_ char *text = NULL;

	if (!w->death && config_is_emulated(dev->config) && w->error == -ETIMEDOUT) {
		replace_qemu(dev);
		return;
	}
	if (w->death)
		text = str_format("the device died: %s; ddectl restart %s claims it again",
				  w->death, dev->config->bdf_text);
	else
		text = str_format("the device cannot be reset: %s; check it, then ddectl restart "
				  "%s claims it again",
				  strerror(-w->error), dev->config->bdf_text);
	device_fail(dev, text ? text : "the device cannot be reset");
}

static void on_quiesced(struct device *dev, const struct quiesce_work *w)
{
	device_note_quiet(dev, w->error, w->end_ns);
	if (w->error < 0)
		dev->held = false;
	device_bury(dev);
	if (!device_posted(dev))
		return;
	if (w->error < 0) {
		on_quiesce_error(dev, w);
		return;
	}
	device_watch_claim_again(dev);
	device_classes_quiet(dev);
	if (!dev->delay_s)
		advance_start(dev);
	else if (device_set_timer(dev, dev->delay_s * 1000ull, on_advance) < 0)
		device_fail(dev, "out of memory");
}

/* on_quiesced() follows, then the next host, after @delay_s, or the end that has begun. */
static void quiesce_device(struct device *dev, uint32_t delay_s)
{
	dev->delay_s = delay_s;
	if (!device_quiesce(dev))
		return;
	device_bury(dev);
	if (device_posted(dev))
		device_fail(dev, "out of memory");
}

int device_restart(struct device *dev)
{
	if (device_state_is_down(dev->state))
		return device_start(dev);
	if (dev->want != WANT_UP || dev->release == RELEASE_STOP || dev->release == RELEASE_FAIL)
		return dev->want == WANT_RESTART ? 0 : -EBUSY;
	if (dev->state == DEVICE_CLAIMING || dev->work.busy)
		return 0;   /* it is being started */
	if (!dev->run.host) /* waits in backoff */
		return device_set_timer(dev, 0, on_advance);
	dev->want = WANT_RESTART;
	device_begin_outage(dev);
	device_count_restart(dev);
	device_enter(dev, DEVICE_RESTARTING, "asked to");
	device_stop_host(dev);
	return 0;
}

/* ---- switch ----------------------------------------------------------------- */

int device_switch(struct device *dev, struct device_config *config, uint32_t trial_ms, bool lasts)
{
	if (dev->state != DEVICE_UP || dev->want != WANT_UP || dev->work.busy || !dev->run.host ||
	    device_on_trial(dev))
		return -EBUSY;
	device_trial_begin(dev, config, trial_ms, lasts);
	dev->plugin_old = true;
	return device_restart(dev);
}

/* A restart that somebody has asked for is waited for. */
static void on_trial_over(struct device *dev)
{
	const char *fault = device_trial_fault(dev);

	if (dev->state != DEVICE_UP) /* its next host begins the time anew */
		return;
	if (!fault) {
		device_trial_keep(dev);
		device_enter(dev, DEVICE_UP, "the switch is kept");
	} else if (device_trial_undo(dev, fault)) {
		dev->plugin_old = true;
		device_restart(dev);
	}
}

/* Its host has died on trial. */
static bool go_back(struct device *dev)
{
	const char *text = dev->run.death.text ? dev->run.death.text : "it died";

	if (!device_trial_undo(dev, text))
		return false;
	dev->plugin_old = true;
	device_set_last_failure(dev, text);
	if (!dev->outage.start)
		device_begin_outage(dev);
	device_count_restart(dev);
	device_enter(dev, DEVICE_RESTARTING, "%s; back to what ran before", text);
	return true;
}

/* ---- death ------------------------------------------------------------------ */

/* The host died unexpectedly: restart it after *ret_delay_s, or fail.
 * Return: false: fail, dev->release_why says why. */
static bool try_again(struct device *dev, bool refused, uint32_t *ret_delay_s)
{
	const char *text = dev->run.death.text ? dev->run.death.text : "it died";
	struct text t = { 0 };
	bool served = device_has_served(dev);

	device_set_last_failure(dev, text);
	if (dev->config->restart == RESTART_NEVER)
		text_add(&t, "%s (restart=never)", text);
	else if (refused && !dev->failures.was_up)
		text_add(&t, "%s", text);
	else if (!served && device_failed_too_often(dev))
		text_add(&t, "given up after %u failures within restart-window=; the last: %s",
			 dev->config->restart_max + 1, text);
	if (t.text) {
		/* One that never served goes back to where it came from. */
		dev->held = dev->failures.was_up && dev->config->on_failure == FAILURE_QUIESCE;
		str_set(&dev->release_why, t.text);
		text_finish(&t);
		return false;
	}
	*ret_delay_s = device_backoff_s(dev, served);
	if (!dev->outage.start && dev->failures.was_up)
		device_begin_outage(dev);
	device_count_restart(dev);
	device_enter(dev, DEVICE_RESTARTING, "%s; restart in %u s", text, *ret_delay_s);
	return true;
}

/* What the host's end means for the device. *ret_delay_s: of the next host, if
 * dev->release is RELEASE_NONE. */
static void judge_death(struct device *dev, bool refused, uint32_t *ret_delay_s)
{
	_cleanup_free_ char *verdict = dev->verdict;

	dev->verdict = NULL;
	if (dev->want != WANT_UP && dev->want != WANT_RESTART) {
		dev->release = RELEASE_STOP;
	} else if (verdict) {
		dev->want = WANT_UP;
		str_set(&dev->release_why, verdict);
		dev->release = RELEASE_FAIL;
	} else if (dev->want == WANT_RESTART) {
		dev->want = WANT_UP;
	} else if (!go_back(dev) && !try_again(dev, refused, ret_delay_s)) {
		dev->release = RELEASE_FAIL;
	}
}

static void on_death(struct device *dev, bool refused)
{
	uint32_t delay_s = 0;

	device_classes_absent(dev);
	dev->reloading = false;
	dev->timer = sd_event_source_disable_unref(dev->timer);
	judge_death(dev, refused, &delay_s);
	if (dev->release == RELEASE_FAIL)
		device_enter(dev, DEVICE_STOPPING, "%s",
			     dev->release_why ? dev->release_why : "out of memory");
	if (dev->release == RELEASE_NONE || dev->held || !dev->run.death.clean) {
		quiesce_device(dev, delay_s);
	} else {
		device_bury(dev);
		device_release_now(dev);
	}
}

/* ---- coming and going ------------------------------------------------------------ */

void device_plugged(struct device *dev)
{
	if (dev->state != DEVICE_ABSENT || dev->work.busy || device_is_missing(dev))
		return;
	if (dev->want == WANT_UP && !dev->env->stopping) {
		device_start(dev);
		return;
	}
	str_set(&dev->error, NULL);
	device_enter(dev, DEVICE_CONFIGURED, "plugged in");
}

void device_unplugged(struct device *dev)
{
	if (!device_is_missing(dev))
		return;
	/* A running device learns it by its claim; a held claim is released. */
	if (dev->held && !dev->work.busy) {
		dev->held = false;
		device_begin_release(dev, RELEASE_UNPLUG);
		return;
	}
	if (dev->work.busy)
		return;
	if (dev->state == DEVICE_CONFIGURED)
		dev->want = WANT_DOWN; /* nobody has asked for it */
	if (dev->state == DEVICE_CONFIGURED || dev->state == DEVICE_FAILED)
		device_enter(dev, DEVICE_ABSENT, "not in the machine");
}

void device_await(struct device *dev)
{
	device_unplugged(dev);
	dev->want = WANT_UP;
}

/* ---- after a restart of ddekitd ---------------------------------------------- */

void device_resume(struct device *dev, enum device_resume how)
{
	int r = 0;

	dev->want = WANT_UP;
	dev->plugin_old = true;
	switch (how) {
	case RESUME_UP:
		device_enter(dev, DEVICE_UP, "driver host %d runs on",
			     (int)host_pid(dev->run.host));
		break;
	case RESUME_HOST:
		device_count_restart(dev);
		device_enter(dev, DEVICE_RESTARTING, "ddekitd was restarted");
		quiesce_device(dev, 0);
		break;
	case RESUME_CLAIM:
		device_count_restart(dev);
		device_enter(dev, DEVICE_CLAIMING, "backend %s", dev->config->backend);
		r = device_set_timer(dev, 0, on_claim_now);
		break;
	}
	if (r < 0)
		device_fail(dev, "out of memory");
}

/* ---- events ---------------------------------------------------------------- */

/* What belonged to a class has been closed. */
static void on_class_closed(struct device *dev)
{
	enum device_want want = dev->want;

	if (dev->release != RELEASE_STOP) {
		if (device_posted(dev))
			advance_start(dev);
		return;
	}
	if (!device_close_classes(dev, false))
		return; /* the next one */
	device_set_busy(dev, false);
	device_finish_stop(dev);
	if (want == WANT_GONE)
		dev->env->listener->gone(dev->env->listener_arg, dev);
	else if (want == WANT_CONFIG)
		device_start(dev);
}

static const struct device_events machine = {
	.claimed = on_claimed,
	.class_opened = on_class_opened,
	.handed_over = on_handed_over,
	.quiesced = on_quiesced,
	.closed = device_on_close,
	.class_closed = on_class_closed,
	.late = device_late,
	.ready = on_ready,
	.died = on_death,
	.condemned = device_condemn,
	.returned = claim_now,
	.trial_over = on_trial_over,
};

/* ---- object -------------------------------------------------------------- */

struct device *device_create(const struct device_env *env, struct device_config *config,
			     bool transient)
{
	struct device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->logs = logring_create(env->global->log_lines);
	dev->history = logring_create(HISTORY);
	dev->log_budget = calloc(1, sizeof(*dev->log_budget));
	if (!dev->logs || !dev->history || !dev->log_budget ||
	    jobs_create(env->event, &dev->work.jobs) < 0) {
		logring_destroy(dev->logs);
		logring_destroy(dev->history);
		free(dev->log_budget);
		free(dev);
		return NULL;
	}
	dev->env = env;
	dev->events = &machine;
	dev->config = config;
	device_set_transient(dev, transient);
	dev->state_since = wall_ns();
	dev->hold.lock = -1;
	dev->hold.file = -1;
	dev->persisted.state = -1;
	return dev;
}

/* In the event loop it holds nothing any more. At the end of ddekitd everything is released at
 * once, except what a hanging job has: that ends with the process. */
void device_destroy(struct device *dev)
{
	if (!dev || !jobs_idle(dev->work.jobs))
		return;
	dev->timer = sd_event_source_disable_unref(dev->timer);
	device_close_at_once(dev);
	jobs_destroy(dev->work.jobs);
	logring_destroy(dev->logs);
	logring_destroy(dev->history);
	free(dev->log_budget);
	device_trial_free(dev);
	device_finish_settings(dev);
	device_finish_run(dev);
	free(dev->error);
	free(dev->release_why);
	free(dev->verdict);
	free(dev);
}
