/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's state: changes it, logs it, tells the listener; see device.h. */
#include "persist.h"
#include "lib/log.h"
#include "private.h"

static int state_log_level(enum device_state state)
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
		log_line(&about, state_log_level(state), "%s", t.text);
		device_log_line(dev, state_log_level(state), t.text);
		logring_add(dev->history, state_log_level(state), t.text);
	}
	text_finish(&t);
	device_persist(dev);
	dev->env->listener->changed(dev->env->listener_arg, dev, from);
}

enum device_state device_state(const struct device *dev)
{
	return dev->state;
}

uint64_t device_state_since(const struct device *dev)
{
	return dev->state_since;
}

bool device_is_busy(const struct device *dev)
{
	return dev->work.busy;
}

const char *device_error(const struct device *dev)
{
	return dev->error;
}
