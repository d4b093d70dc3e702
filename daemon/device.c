/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's state machine; see device.h. */
#include <errno.h>

#include "device-block.h"
#include "device-keep.h"
#include "device-take.h"
#include "inuse.h"
#include "log.h"
#include "manager.h"
#include "message.h"
#include "pcisys.h"

#define SECOND_NS 1000000000ull
#define MS_NS 1000000ull
/* A host that served this long, from when it was ready or from its first link, is
 * restarted at once, however often it dies; one that did not counts as an early
 * failure: backoff, and more than restart-max= of them in restart-window= are the
 * end. The second is short since a card may take its time to the link;
 * disks serve as soon as they are ready. */
#define SERVED_READY_NS SECOND_NS
#define SERVED_LINK_NS (200 * MS_NS)
#define BACKOFF_MAX_S 30u
#define HISTORY 64	/* changes of state that are remembered */

const char *device_state_name(enum device_state state)
{
	static const char *const names[] = { CONTROL_STATES };

	return names[state];
}

bool device_state_is_down(enum device_state state)
{
	return state == DEVICE_CONFIGURED || state == DEVICE_FAILED || state == DEVICE_ABSENT;
}

const char *device_driver(const struct device *dev)
{
	return dev->plugin.name ? dev->plugin.name : dev->config->driver;
}

struct log_about device_about(const struct device *dev)
{
	return (struct log_about){ .bdf = dev->config->bdf_text, .driver = device_driver(dev) };
}

static int level_of(enum device_state state)
{
	if (state == DEVICE_FAILED)
		return LOG_ERR;
	return state == DEVICE_RESTARTING ? LOG_WARNING : LOG_NOTICE;
}

void device_enter(struct device *dev, enum device_state state, const char *fmt, ...)
{
	struct log_about about = device_about(dev);
	enum device_state from = dev->state;
	struct text t = { 0 };
	va_list args;
	int r;

	dev->state = state;
	dev->state_since = wall_ns();
	r = text_add(&t, "%s -> %s%s", device_state_name(from), device_state_name(state),
		     *fmt ? ": " : "");
	va_start(args, fmt);
	if (!r)
		text_vadd(&t, fmt, args);
	va_end(args);
	about.message_id = state == DEVICE_FAILED ? LOG_ID_FAILED : LOG_ID_STATE;
	if (t.text) {
		log_line(&about, level_of(state), "%s", t.text);
		manager_device_logged(dev->manager, dev, level_of(state), t.text);
		logring_add(dev->history, level_of(state), t.text);
	}
	text_finish(&t);
	device_keep(dev);
	manager_device_changed(dev->manager, dev, from);
}

int device_set_timer(struct device *dev, uint64_t ms, sd_event_time_handler_t fn)
{
	dev->timer = sd_event_source_disable_unref(dev->timer);
	return sd_event_add_time_relative(dev->manager->event, &dev->timer, CLOCK_MONOTONIC,
					  ms * 1000, 1000, fn, dev);
}

/* Everything that claiming took, in reverse order. */
static void release(struct device *dev)
{
	dev->timer = sd_event_source_disable_unref(dev->timer);
	dev->heartbeat = sd_event_source_disable_unref(dev->heartbeat);
	host_destroy(dev->host);
	dev->host = NULL;
	device_keep_nothing(dev);	/* a copy that is kept keeps the device busy */
	device_close_net(dev);
	if (dev->held)
		device_keep_claim(dev);
	else
		device_release_claim(dev);
	device_block_quiet(dev);
	free(dev->verdict);
	dev->verdict = NULL;
	dev->was_up = false;
	dev->n_failures = 0;
	dev->n_in_a_row = 0;
	dev->outage_start = 0;
	dev->force = false;
}

bool device_is_missing(const struct device *dev)
{
	return !config_is_emulated(dev->config) &&
	       !pcisys_present(inuse_system.sys, dev->config->bdf_text);
}

void device_fail(struct device *dev, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);	/* text may be the device's own */

	str_set(&dev->error, copy);
	release(dev);
	device_enter(dev, device_is_missing(dev) ? DEVICE_ABSENT : DEVICE_FAILED, "%s",
		     copy ? copy : "out of memory");
	if (dev->want == WANT_GONE)
		manager_device_gone(dev->manager, dev);
}

void device_condemn(struct device *dev, const char *text)
{
	if (!dev->host) {
		dev->held = false;
		device_fail(dev, text);
		return;
	}
	str_set(&dev->verdict, text);
	host_kill(dev->host, "the device is to fail");
}

/* ---- start --------------------------------------------------------------- */

static int on_start_timeout(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;
	char text[96];

	snprintf(text, sizeof(text), "not ready within start-timeout=%ums",
		 dev->config->start_timeout);
	if (dev->host)
		host_kill_stuck(dev->host, text);
	return 0;
}

int device_limit_start(struct device *dev)
{
	return device_set_timer(dev, dev->config->start_timeout, on_start_timeout);
}

/* A driver host for the device that is claimed and quiet. */
static void begin_host(struct device *dev)
{
	_cleanup_free_ char *why = NULL;
	int r = 0;

	if (dev->plugin_old)
		r = device_choose_plugin(dev, &why);
	dev->plugin_old = false;
	if (!r)
		r = device_open_net(dev, &why);		/* if it is not there any more */
	if (!r)
		r = device_open_block(dev, &why);
	if (!r)
		r = device_start_host(dev, &why);
	if (!r)
		r = device_limit_start(dev);
	if (r < 0)
		device_fail(dev, why ? why : strerror(-r));
}

static int on_claim(sd_event_source *source, uint64_t usec, void *arg)
{
	_cleanup_free_ char *why = NULL;
	struct device *dev = arg;
	int r = 0;

	dev->times = (struct device_times){ .claim_start = mono_ns() };
	if (strcmp(dev->config->driver, "auto"))
		r = device_choose_plugin(dev, &why);	/* before anything is taken */
	if (!r)
		r = device_claim(dev, &why);
	if (!r)
		r = device_choose_plugin(dev, &why);
	if (!r)
		r = device_open_net(dev, &why);
	if (!r)
		r = device_open_block(dev, &why);
	if (r < 0) {
		device_fail(dev, why ? why : strerror(-r));
		return 0;
	}
	dev->times.claim_end = mono_ns();
	dev->plugin_old = false;
	device_take_over(dev);
	device_keep_claim(dev);
	device_enter(dev, DEVICE_STARTING, "driver %s", dev->plugin.name);
	begin_host(dev);
	return 0;
}

int device_start(struct device *dev)
{
	if (!device_state_is_down(dev->state))
		return -EALREADY;
	if (dev->held) {
		dev->held = false;
		release(dev);
	}
	str_set(&dev->error, NULL);
	dev->want = WANT_UP;
	device_enter(dev, DEVICE_CLAIMING, "backend %s", dev->config->backend);
	return device_set_timer(dev, 0, on_claim);
}

void device_on_ready(struct device *dev)
{
	uint64_t now = mono_ns();

	dev->timer = sd_event_source_disable_unref(dev->timer);
	dev->was_up = true;
	if (dev->outage_start)
		dev->last_outage_ready = now - dev->outage_start;
	if (dev->want != WANT_UP)
		return;		/* it is being stopped already */
	device_enter(dev, DEVICE_UP, "driver %s ready %llu ms after its %s", device_driver(dev),
		     (now - (dev->reloading ? dev->outage_start : dev->times.host_start)) / MS_NS,
		     dev->reloading ? "reload" : "start");
	dev->reloading = false;
	device_net_ready(dev);
	device_block_ready(dev);
}

/* ---- stop ---------------------------------------------------------------- */

static int on_stop_timeout(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;

	if (dev->host)
		host_kill_stuck(dev->host, "did not stop within stop-timeout=");
	return 0;
}

static void stop_host(struct device *dev)
{
	int r = host_request(dev->host, OP_STOP, 0, NULL, NULL, NULL);

	if (r >= 0)
		r = device_set_timer(dev, dev->config->stop_timeout, on_stop_timeout);
	if (r < 0)
		host_kill(dev->host, "does not read its requests");
}

static void take_next_config(struct device *dev)
{
	if (!dev->next_config)
		return;
	device_config_destroy(dev->config);
	dev->config = dev->next_config;
	dev->next_config = NULL;
}

static void stopped(struct device *dev)
{
	enum device_want want = dev->want;

	str_set(&dev->error, NULL);
	dev->held = false;
	release(dev);
	device_close_block(dev);
	device_plugin_finish(&dev->plugin);
	take_next_config(dev);
	if (dev->state != DEVICE_CONFIGURED)
		device_enter(dev, DEVICE_CONFIGURED, "released");
	if (want == WANT_GONE)
		manager_device_gone(dev->manager, dev);
	else if (want == WANT_CONFIG)
		device_start(dev);
}

static void stop_for(struct device *dev, enum device_want want)
{
	if (dev->want != WANT_GONE)
		dev->want = want;
	if (!dev->host) {
		stopped(dev);
		return;
	}
	if (dev->state == DEVICE_STOPPING)
		return;
	device_enter(dev, DEVICE_STOPPING, "asked to");
	stop_host(dev);
}

void device_stop(struct device *dev, bool forget)
{
	stop_for(dev, forget ? WANT_GONE : WANT_DOWN);
}

void device_replace_config(struct device *dev, struct device_config *config)
{
	bool down = device_state_is_down(dev->state);

	device_config_destroy(dev->next_config);
	dev->next_config = config;
	if (down)
		take_next_config(dev);
	else
		stop_for(dev, dev->want == WANT_DOWN ? WANT_DOWN : WANT_CONFIG);
}

/* ---- restart ------------------------------------------------------------- */

static int on_restart(sd_event_source *source, uint64_t usec, void *arg)
{
	begin_host(arg);
	return 0;
}

int device_quiesce(struct device *dev)
{
	int r;

	if (dev->quiet)
		return 0;
	r = ddekit_claim_quiesce(dev->claim);
	dev->times.quiet = mono_ns();
	dev->quiet = r >= 0;
	return r;
}

/* Makes the device quiet after a host's end. Return: false: it failed. */
static bool quiesce(struct device *dev)
{
	int r = device_quiesce(dev);
	_cleanup_free_ char *text = NULL;

	if (r >= 0 && dev->claim_death)
		sd_event_source_set_enabled(dev->claim_death, SD_EVENT_ON);
	if (r >= 0) {
		device_block_quiet(dev);
		return true;
	}
	text = device_death_text(dev);
	if (!text)
		text = str_format("the device cannot be reset: %s; check it, then ddectl restart "
				  "%s claims it anew", strerror(-r), dev->config->bdf_text);
	device_fail(dev, text ? text : "the device cannot be reset");
	return false;
}

int device_restart(struct device *dev)
{
	if (device_state_is_down(dev->state))
		return device_start(dev);
	if (dev->want != WANT_UP)
		return dev->want == WANT_RESTART ? 0 : -EBUSY;
	if (dev->state == DEVICE_CLAIMING)
		return 0;
	if (!dev->host)		/* waits in backoff */
		return device_set_timer(dev, 0, on_restart);
	dev->want = WANT_RESTART;
	dev->outage_start = mono_ns();
	dev->restarts++;
	device_enter(dev, DEVICE_RESTARTING, "asked to");
	stop_host(dev);
	return 0;
}

/* ---- death ------------------------------------------------------------------ */

/* Notes an early failure. Return: true if that was one too many. */
static bool too_many(struct device *dev)
{
	uint64_t now = mono_ns(), window = dev->config->restart_window * MS_NS;
	uint32_t i, kept = 0;

	for (i = 0; i < dev->n_failures; i++)
		if (now - dev->failures[i] < window)
			dev->failures[kept++] = dev->failures[i];
	dev->n_failures = kept;
	if (kept >= dev->config->restart_max)
		return true;
	dev->failures[dev->n_failures++] = now;
	return false;
}

static bool has_served(const struct device *dev)
{
	uint64_t now = mono_ns(), ready = dev->times.state[STATE_READY], link = dev->times.link;

	return ready && (now - ready >= SERVED_READY_NS ||
			 (link && now - link >= SERVED_LINK_NS) ||
			 (dev->block && now - ready >= SERVED_LINK_NS));
}

/* 0, 1, 2, 4 … 30 s for the first, second … early failure in a row. */
static uint32_t backoff_s(uint32_t n_in_a_row)
{
	if (n_in_a_row < 2)
		return 0;
	return n_in_a_row > 6 ? BACKOFF_MAX_S : 1u << (n_in_a_row - 2);
}

/* The host died though it should not have. */
static void recover(struct device *dev, const char *text, bool refused)
{
	struct text t = { 0 };
	bool served = has_served(dev);
	uint32_t delay;

	str_set(&dev->last_failure, text);
	if (dev->config->restart == RESTART_NEVER)
		text_add(&t, "%s (restart=never)", text);
	else if (refused && !dev->was_up)
		text_add(&t, "%s", text);
	else if (!served && too_many(dev))
		text_add(&t, "given up after %u failures within restart-window=; the last: %s",
			 dev->config->restart_max + 1, text);
	if (t.text) {
		/* One that never served goes back to where it came from. */
		dev->held = dev->was_up && dev->config->on_failure == FAILURE_QUIESCE &&
			    device_quiesce(dev) >= 0;
		device_fail(dev, t.text);
		text_finish(&t);
		return;
	}
	dev->n_in_a_row = served ? 0 : dev->n_in_a_row + 1;
	delay = backoff_s(dev->n_in_a_row);
	if (!dev->outage_start && dev->was_up)
		dev->outage_start = mono_ns();
	dev->restarts++;
	device_enter(dev, DEVICE_RESTARTING, "%s; restart in %u s", text, delay);
	if (quiesce(dev) && device_set_timer(dev, delay * 1000, on_restart) < 0)
		device_fail(dev, "out of memory");
}

void device_on_death(struct device *dev, const char *text, bool refused)
{
	_cleanup_free_ char *verdict = dev->verdict;

	dev->verdict = NULL;
	device_block_absent(dev);
	dev->reloading = false;
	dev->timer = sd_event_source_disable_unref(dev->timer);
	if (verdict && (dev->want == WANT_UP || dev->want == WANT_RESTART)) {
		device_fail(dev, verdict);
	} else if (dev->want != WANT_UP && dev->want != WANT_RESTART) {
		stopped(dev);
	} else if (dev->want == WANT_RESTART) {
		dev->want = WANT_UP;
		if (quiesce(dev))
			begin_host(dev);
	} else {
		recover(dev, text, refused);
	}
}

/* ---- coming and going ------------------------------------------------------------ */

void device_plugged(struct device *dev)
{
	if (dev->state != DEVICE_ABSENT || device_is_missing(dev))
		return;
	if (dev->want == WANT_UP && !dev->manager->stopping) {
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
	/* What runs is told by its claim; one that is held is let go of. */
	if (dev->held) {
		dev->held = false;
		release(dev);
	}
	if (dev->state == DEVICE_CONFIGURED)
		dev->want = WANT_DOWN;		/* nobody has asked for it */
	if (dev->state == DEVICE_CONFIGURED || dev->state == DEVICE_FAILED)
		device_enter(dev, DEVICE_ABSENT, "not in the machine");
}

/* ---- after a restart of ddekitd ---------------------------------------------- */

void device_resume(struct device *dev, enum device_resume how)
{
	int r = 0;

	dev->want = WANT_UP;
	dev->plugin_old = true;
	switch (how) {
	case RESUME_UP:
		device_enter(dev, DEVICE_UP, "driver host %d runs on", (int)host_pid(dev->host));
		break;
	case RESUME_HOST:
		dev->restarts++;
		device_enter(dev, DEVICE_RESTARTING, "ddekitd was restarted");
		if (quiesce(dev))
			r = device_set_timer(dev, 0, on_restart);
		break;
	case RESUME_CLAIM:
		dev->restarts++;
		device_enter(dev, DEVICE_CLAIMING, "backend %s", dev->config->backend);
		r = device_set_timer(dev, 0, on_claim);
		break;
	}
	if (r < 0)
		device_fail(dev, "out of memory");
}

/* ---- object -------------------------------------------------------------- */

struct device *device_create(struct manager *manager, struct device_config *config,
			     bool transient)
{
	struct device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->logs = logring_create(manager->config.global.log_lines);
	dev->history = logring_create(HISTORY);
	if (!dev->logs || !dev->history) {
		logring_destroy(dev->logs);
		logring_destroy(dev->history);
		free(dev);
		return NULL;
	}
	dev->manager = manager;
	dev->config = config;
	dev->transient = transient;
	dev->state_since = wall_ns();
	dev->lock = -1;
	dev->tap = -1;
	dev->keep = -1;
	return dev;
}

void device_destroy(struct device *dev)
{
	if (!dev)
		return;
	dev->held = false;
	release(dev);
	device_close_block(dev);
	device_plugin_finish(&dev->plugin);
	logring_destroy(dev->logs);
	logring_destroy(dev->history);
	device_config_destroy(dev->config);
	device_config_destroy(dev->next_config);
	device_config_destroy(dev->bind_before);
	free(dev->error);
	free(dev->last_failure);
	free(dev->crash_report);
	free(dev);
}
