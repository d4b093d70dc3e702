/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device on trial: it runs with other settings (another kernel version, driver or module
 * parameters), and what ran before comes back by itself unless they do well for a time; see
 * device.h and private.h.  The state machine restarts it, and asks here whether to go back.
 */
#include <errno.h>

#include "lib/log.h"
#include "private.h"

#define MS_US 1000ull
#define LINK_NS 5000000000ull /* what a card may need for its link, however short the trial */
#define LINK_AGAIN_US (100 * MS_US)

static bool has_carrier(const struct device *dev)
{
	struct device_link link = { 0 };

	return device_link(dev, &link) && link.up;
}

static bool may_get_carrier(const struct device *dev)
{
	uint64_t ready = dev->run.times.state[STATE_READY];

	return dev->trial.link && !dev->trial.warned && !has_carrier(dev) &&
	       mono_ns() - ready < LINK_NS;
}

static int on_trial_end(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;

	if (!may_get_carrier(dev)) {
		dev->events->trial_over(dev);
		return 0;
	}
	sd_event_source_set_time_relative(source, LINK_AGAIN_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void device_trial_begin(struct device *dev, struct device_config *config, uint32_t ms, bool lasts)
{
	struct device_trial *t = &dev->trial;

	t->link = has_carrier(dev);
	t->ms = ms;
	t->lasts = lasts;
	t->kept = false;
	t->warned = false;
	str_set(&t->back, NULL);
	t->before = device_swap_config(dev, config);
}

int device_trial_run(struct device *dev)
{
	struct device_trial *t = &dev->trial;

	t->end = sd_event_source_disable_unref(t->end);
	return sd_event_add_time_relative(dev->env->event, &t->end, CLOCK_MONOTONIC,
					  t->warned ? 0 : t->ms * MS_US, 0, on_trial_end, dev);
}

void device_trial_hear(struct device *dev, const char *line)
{
	struct device_trial *t = &dev->trial;

	if (!t->before || t->warned || !strstr(line, "WARNING: "))
		return;
	t->warned = true;
	if (t->end)
		sd_event_source_set_time_relative(t->end, 0);
}

const char *device_trial_fault(const struct device *dev)
{
	if (dev->trial.warned)
		return "its kernel logged a warning";
	if (dev->trial.link && !has_carrier(dev))
		return "it has no carrier, which there was before";
	return NULL;
}

static void trial_finish(struct device *dev)
{
	dev->trial.end = sd_event_source_disable_unref(dev->trial.end);
	dev->trial.before = NULL;
}

bool device_trial_undo(struct device *dev, const char *why)
{
	struct log_about about = device_about(dev);

	if (!dev->trial.before)
		return false;
	log_line(&about, LOG_WARNING, "the switch is taken back: %s", why);
	device_log_line(dev, LOG_WARNING, "the switch is taken back");
	str_set(&dev->trial.back, why);
	device_config_destroy(device_swap_config(dev, dev->trial.before));
	trial_finish(dev);
	return true;
}

void device_trial_keep(struct device *dev)
{
	device_config_destroy(dev->trial.before);
	trial_finish(dev);
	dev->trial.kept = dev->trial.lasts;
}

void device_trial_free(struct device *dev)
{
	device_config_destroy(dev->trial.before);
	trial_finish(dev);
	free(dev->trial.back);
}

bool device_on_trial(const struct device *dev)
{
	return dev->trial.before;
}

const char *device_went_back(const struct device *dev)
{
	return dev->trial.back;
}

bool device_take_kept(struct device *dev)
{
	bool kept = dev->trial.kept;

	dev->trial.kept = false;
	return kept;
}
