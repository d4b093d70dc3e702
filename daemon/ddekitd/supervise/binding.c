/* SPDX-License-Identifier: GPL-2.0-only */
/* What Bind and Unbind do to a device and to its drop-in; see binding.h. */
#include <errno.h>
#include <stdarg.h>

#include "binding.h"
#include "config/drop-in.h"
#include "lib/log.h"

/* Return: -EPERM, -ENOMEM. */
static FORMAT(3, 4) int refuse_bind(struct refusal *ret, const char *error, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -ENOMEM;
	*ret = (struct refusal){ .error = error, .text = text };
	return -EPERM;
}

static bool is_down(const struct device *dev)
{
	return device_state_is_down(dev->state);
}

int binding_check(const struct binding *b, struct refusal *ret_why)
{
	const struct device *dev = b->dev;

	if (b->m->env.stopping)
		return refuse_bind(ret_why, CONTROL_ERROR_STATE, "ddekitd is stopping");
	if (b->m->options.only && !dev)
		return refuse_bind(ret_why, CONTROL_ERROR_STATE, "this ddekitd runs %s alone",
				   b->m->options.only);
	if (dev && dev->busy && is_down(dev))
		return refuse_bind(ret_why, CONTROL_ERROR_STATE, "%s: %s", dev->config->bdf_text,
				   dev->error ? dev->error : "it is being released; try again");
	if (dev && dev->state == DEVICE_STOPPING)
		return refuse_bind(ret_why, CONTROL_ERROR_STATE, "%s is stopping; try again",
				   dev->config->bdf_text);
	if (dev && b->n_settings && !is_down(dev))
		return refuse_bind(ret_why, CONTROL_ERROR_EXISTS, "%s is %s; unbind it before "
				   "binding it with other settings", dev->config->bdf_text,
				   device_state_name(dev->state));
	return 0;
}

/* A device of a file that gets no new settings needs no drop-in. */
bool binding_lasts(const struct binding *b)
{
	return !(b->flags & CONTROL_BIND_RUNTIME) &&
	       (b->n_settings || !b->dev || b->dev->transient);
}

static int stage_dropin(const struct binding *b, struct refusal *ret_why)
{
	_cleanup_free_ char *why = NULL;
	int r = dropin_stage(b->m->options.config_path, b->config, &why);

	if (r < 0 && r != -ENOMEM && why)
		return refuse_bind(ret_why, CONTROL_ERROR_CONFIG, "%s", why);
	return r;
}

/* Sets the device's configuration; creates the device if need be. */
static int apply_config(struct binding *b)
{
	int r;

	if (!b->dev) {
		r = manager_add(b->m, b->config, true, &b->dev);
		if (!r)
			b->config = NULL;
		return r;
	}
	if (!b->n_settings)
		return 0;
	device_config_destroy(b->dev->bind_before);
	b->dev->bind_before = binding_lasts(b) && !b->dev->transient ? b->dev->config : NULL;
	if (!b->dev->bind_before)
		device_config_destroy(b->dev->config);
	b->dev->config = b->config;
	b->config = NULL;
	return 0;
}

/* ---- the outcome --------------------------------------------------------------- */

static void commit_dropin(struct manager *m, struct device *dev)
{
	const char *config = m->options.config_path;
	_cleanup_free_ char *path = dropin_path(config, dev->config->bdf_text);
	_cleanup_free_ char *where = path ? str_format("%s:2", path) : NULL;
	struct log_about about = device_about(dev);
	int r = dropin_commit(config, dev->config->bdf_text);

	if (r < 0) {
		log_line(&about, LOG_ERR, "the binding is not persistent: cannot create %s: "
			 "%s", path ? path : "its drop-in", strerror(-r));
		return;
	}
	dev->transient = false;
	str_set(&dev->config->where, where);
}

/* The device's state has changed: up and down decide about the drop-in. */
static void binding_settle(struct manager *m, struct device *dev)
{
	struct device_config *before = dev->bind_before;
	bool staged = dev->staged;

	if (dev->state != DEVICE_UP && !is_down(dev))
		return;
	dev->bind_before = NULL;
	dev->staged = false;
	if (staged && dev->state == DEVICE_UP)
		commit_dropin(m, dev);
	else if (staged)
		dropin_discard(m->options.config_path, dev->config->bdf_text);
	if (before && is_down(dev))
		device_replace_config(dev, before);	/* as the file still has it */
	else
		device_config_destroy(before);
}

static void on_state_changed(void *arg, struct device *dev, enum device_state from)
{
	binding_settle(arg, dev);
}

static const struct manager_listener listener = { .changed = on_state_changed };

int binding_open(struct manager *m)
{
	return manager_subscribe(m, &listener, m);
}

/* ---- bind and unbind -------------------------------------------------------------- */

int binding_perform(struct binding *b, struct refusal *ret_why)
{
	bool staged = binding_lasts(b);
	int r = binding_check(b, ret_why);

	if (!r && staged)
		r = stage_dropin(b, ret_why);
	if (r < 0)
		return r;
	r = apply_config(b);
	if (r < 0) {
		dropin_discard(b->m->options.config_path, b->config->bdf_text);
		return r;
	}
	b->dev->staged |= staged;
	b->dev->force = b->flags & CONTROL_BIND_FORCE;
	r = device_start(b->dev);
	if (r == -EALREADY && b->dev->state == DEVICE_UP)
		binding_settle(b->m, b->dev);
	return r == -EALREADY ? 0 : r;
}

char *binding_note(const struct binding *b)
{
	const struct device_config *c = b->dev->config;

	if (b->flags & CONTROL_BIND_RUNTIME || b->dev->staged || b->dev->transient ||
	    c->autostart)
		return strdup("");
	return str_format("its section at %s has autostart=no: it is not bound again when ddekitd "
			  "starts", c->where);
}

/* Removes the device from the configuration. *ret_forget: it is to be destroyed once it is
 * down. */
static int unconfigure(struct manager *m, struct device *dev, bool *ret_forget, char **ret_note,
		       struct refusal *ret_why)
{
	const char *config = m->options.config_path, *bdf = dev->config->bdf_text;
	int r = dropin_remove(config, bdf);

	*ret_forget = !r || dev->transient;
	if (!r || dev->transient)
		return 0;
	if (r != -ENOENT && r != -EPERM)
		return refuse_bind(ret_why, CONTROL_ERROR_FAILED, "%s: cannot remove its drop-in "
				   "from %s.d: %s; --runtime leaves it there", bdf, config,
				   strerror(-r));
	if (dev->config->autostart)
		*ret_note = str_format("its section at %s stays: ddekitd binds it again when it "
				    "starts, unless that is removed or has autostart=no",
				    dev->config->where);
	return 0;
}

int binding_end(struct manager *m, struct device *dev, uint32_t flags, char **ret_note,
		struct refusal *ret_why)
{
	bool forget = dev->transient;
	int r = 0;

	if (!(flags & CONTROL_BIND_RUNTIME))
		r = unconfigure(m, dev, &forget, ret_note, ret_why);
	if (!r)
		device_stop(dev, forget);
	return r;
}
