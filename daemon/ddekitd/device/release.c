/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Releasing a device, after the present job, and what a job's end means for it; see
 * private.h.
 */
#include <errno.h>

#include "persist.h"
#include "private.h"
#include "lib/job.h"
#include "lib/log.h"

/* ---- release --------------------------------------------------------------------- */

static int on_release_again(sd_event_source *source, uint64_t usec, void *arg)
{
	device_release_now(arg);
	return 0;
}

void device_finish_stop(struct device *dev)
{
	dev->release = RELEASE_NONE;
	device_trial_undo(dev, "the device was stopped");
	str_set(&dev->error, NULL);
	device_set_plugin(dev, &(struct device_plugin){ 0 });
	device_apply_next_config(dev);
	if (dev->state != DEVICE_CONFIGURED)
		device_enter(dev, DEVICE_CONFIGURED, "released");
}

static void finish_fail(struct device *dev)
{
	_cleanup_free_ char *text = dev->release_why;
	bool known = dev->late;

	dev->release_why = NULL;
	device_trial_undo(dev, text ? text : "the device has failed");
	dev->late = false;
	str_set(&dev->error, text);
	if (!known)
		device_enter(dev, device_is_missing(dev) ? DEVICE_ABSENT : DEVICE_FAILED, "%s",
			     text ? text : "out of memory");
}

static bool wants_down(const struct device *dev)
{
	return dev->want == WANT_DOWN || dev->want == WANT_GONE || dev->want == WANT_CONFIG;
}

static void finish_release(struct device *dev, enum device_release why)
{
	device_classes_quiet(dev);
	str_set(&dev->verdict, NULL);
	device_forget_failures(dev);
	if (why != RELEASE_START)
		device_set_force(dev, false);
	if (dev->held)
		device_persist_claim(dev);
	dev->release = why == RELEASE_STOP ? RELEASE_STOP : RELEASE_NONE;
	switch (why) {
	case RELEASE_STOP:
		dev->late = false;
		device_set_busy(dev, true);
		if (device_close_classes(dev, false))
			dev->events->class_closed(dev);
		break;
	case RELEASE_START:
		dev->events->returned(dev);
		break;
	case RELEASE_UNPLUG:
		device_enter(dev, DEVICE_ABSENT, "not in the machine");
		break;
	default:
		finish_fail(dev);
		break;
	}
}

/* Everything has been released, except what is dev->held; with RELEASE_REPLACE the claim alone. */
void device_on_close(struct device *dev)
{
	enum device_release why = dev->release;

	device_set_busy(dev, false);
	/* It was asked to stop meanwhile. */
	if (wants_down(dev) && (why != RELEASE_UNPLUG || dev->want != WANT_DOWN))
		why = RELEASE_STOP;
	if (why == RELEASE_STOP)
		dev->held = false;
	if (why == RELEASE_REPLACE) {
		dev->release = RELEASE_NONE;
		dev->events->returned(dev);
	} else if (!dev->held && device_holds_something(dev)) {
		dev->release = why;
		device_release_now(dev);
	} else {
		finish_release(dev, why);
	}
}

void device_release_now(struct device *dev)
{
	bool down = device_state_is_down(dev->state);
	bool given_up = dev->state == DEVICE_FAILED && !dev->late;
	int r;

	if (dev->release == RELEASE_STOP && !device_holds_something(dev)) {
		device_on_close(dev);
		return;
	}
	if ((!down || given_up) && dev->release == RELEASE_STOP && dev->state != DEVICE_STOPPING)
		device_enter(dev, DEVICE_STOPPING, "asked to");
	else if (!down && dev->release == RELEASE_FAIL && dev->state != DEVICE_STOPPING)
		device_enter(dev, DEVICE_STOPPING, "%s", dev->release_why);
	r = device_close(dev);
	if (r < 0) /* no memory for it */
		device_set_timer(dev, 1000, on_release_again);
}

void device_begin_release(struct device *dev, enum device_release why)
{
	dev->release = why;
	dev->timer = sd_event_source_disable_unref(dev->timer);
	if (!dev->work.busy)
		device_release_now(dev);
}

void device_fail(struct device *dev, const char *text)
{
	_cleanup_free_ char *copy = strdup(text); /* text may be the device's own */

	if (dev->release != RELEASE_NONE)
		return;
	str_set(&dev->release_why, copy ? copy : "out of memory");
	device_begin_release(dev, RELEASE_FAIL);
}

void device_condemn(struct device *dev, const char *text)
{
	if (!dev->run.host) {
		dev->held = false;
		device_fail(dev, text);
		return;
	}
	str_set(&dev->verdict, text);
	host_kill(dev->run.host, "the device is to fail");
}

/* ---- jobs ------------------------------------------------------------------ */

bool device_posted(struct device *dev)
{
	device_set_busy(dev, false);
	if (dev->release == RELEASE_NONE && !wants_down(dev))
		return true;
	if (dev->release == RELEASE_NONE)
		dev->release = RELEASE_STOP;
	device_release_now(dev);
	return false;
}

/* The state is failed at once, for those who wait; what the device holds is released when the
 * job ends, and only then can it be started again. */
void device_late(struct device *dev, const char *what, uint32_t limit_ms)
{
	_cleanup_free_ char *text = str_format("%s did not finish within %u s and continues in "
					       "the background; see the kernel's log",
					       what, limit_ms / 1000);

	if (!dev->work.busy || dev->late)
		return;
	dev->late = true;
	str_set(&dev->error, text);
	if (dev->release == RELEASE_NONE || dev->release == RELEASE_REPLACE) {
		str_set(&dev->release_why, text ? text : what);
		dev->release = RELEASE_FAIL;
	}
	if (!device_state_is_down(dev->state))
		device_enter(dev, DEVICE_FAILED, "%s", text ? text : what);
}

/* ---- the end of ddekitd ------------------------------------------------------- */

void device_close_at_once(struct device *dev)
{
	dev->held = false;
	device_end_host_at_once(dev); /* before its device is released */
	device_bury(dev);
	device_close_claim_at_once(dev);
	device_classes_quiet(dev);
	device_close_classes(dev, true);
}
