/* SPDX-License-Identifier: GPL-2.0-only */
/* What Bind and Unbind do to a device and to its drop-in; see binding.h. */
#include <errno.h>
#include <stdarg.h>

#include "binding.h"
#include "config/drop-in.h"
#include "device/plugin.h"
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
	return device_state_is_down(device_state(dev));
}

int binding_check(const struct binding *b, struct refusal *ret_why)
{
	const struct device *dev = b->dev;

	if (b->m->env.stopping)
		return refuse_bind(ret_why, CONTROL_ERROR_STATE, "ddekitd is stopping");
	if (b->m->options.only && !dev)
		return refuse_bind(ret_why, CONTROL_ERROR_STATE, "this ddekitd runs %s alone",
				   b->m->options.only);
	if (dev && device_is_busy(dev) && is_down(dev))
		return refuse_bind(ret_why, CONTROL_ERROR_STATE, "%s: %s", device_bdf_text(dev),
				   device_error(dev) ? device_error(dev)
						     : "it is being released; try again");
	if (dev && device_state(dev) == DEVICE_STOPPING)
		return refuse_bind(ret_why, CONTROL_ERROR_STATE, "%s is stopping; try again",
				   device_bdf_text(dev));
	if (dev && b->n_settings && !is_down(dev))
		return refuse_bind(ret_why, CONTROL_ERROR_EXISTS,
				   "%s is %s; unbind it before binding it with other settings",
				   device_bdf_text(dev), device_state_name(device_state(dev)));
	return 0;
}

/* A device of a file that gets no new settings needs no drop-in. */
bool binding_lasts(const struct binding *b)
{
	return !(b->flags & CONTROL_BIND_RUNTIME) &&
	       (b->n_settings || !b->dev || device_is_transient(b->dev));
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
	device_bind_config(b->dev, b->config, binding_lasts(b) && !device_is_transient(b->dev));
	b->config = NULL;
	return 0;
}

/* ---- the outcome --------------------------------------------------------------- */

static void commit_dropin(struct manager *m, struct device *dev)
{
	const char *config = m->options.config_path;
	_cleanup_free_ char *path = dropin_path(config, device_bdf_text(dev));
	_cleanup_free_ char *where = path ? str_format("%s:2", path) : NULL;
	struct log_about about = device_about(dev);
	int r = dropin_commit(config, device_bdf_text(dev));

	if (r < 0) {
		log_line(&about, LOG_ERR, "the binding is not persistent: cannot create %s: %s",
			 path ? path : "its drop-in", strerror(-r));
		return;
	}
	device_set_transient(dev, false);
	device_set_where(dev, where);
}

/* The device's state has changed: up and down decide about the drop-in. */
static void binding_settle(struct manager *m, struct device *dev)
{
	struct device_config *before;
	bool staged;

	if (device_state(dev) != DEVICE_UP && !is_down(dev))
		return;
	staged = device_settle(dev, &before);
	if (staged && device_state(dev) == DEVICE_UP)
		commit_dropin(m, dev);
	else if (staged)
		dropin_discard(m->options.config_path, device_bdf_text(dev));
	if (before && is_down(dev))
		device_replace_config(dev, before); /* as the file still has it */
	else
		device_config_destroy(before);
}

/* A switch that was kept: its settings get a drop-in, as those of a bind. */
static void keep_switch(struct manager *m, struct device *dev)
{
	struct log_about about = device_about(dev);
	_cleanup_free_ char *why = NULL;
	int r;

	if (!device_take_kept(dev))
		return;
	r = dropin_stage(m->options.config_path, device_config(dev), &why);
	if (r < 0)
		log_line(&about, LOG_ERR, "the switch is not persistent: %s",
			 why ? why : strerror(-r));
	else
		commit_dropin(m, dev);
}

static void on_state_changed(void *arg, struct device *dev, enum device_state from)
{
	binding_settle(arg, dev);
	keep_switch(arg, dev);
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
	if (staged)
		device_stage(b->dev);
	device_set_force(b->dev, b->flags & CONTROL_BIND_FORCE);
	r = device_start(b->dev);
	if (r == -EALREADY && device_state(b->dev) == DEVICE_UP)
		binding_settle(b->m, b->dev);
	return r == -EALREADY ? 0 : r;
}

/* ---- switch ---------------------------------------------------------------------- */

/* The claim, the interface and the disks stay as they are. */
static const char *unswitchable(const struct device_config *a, const struct device_config *b)
{
	static const char *const may[] = { "driver", "kernel", "options", "cpus", "debug" };

	return device_config_first_change(a, b, may, ARRAY_SIZE(may));
}

static int check_switch(const struct binding *b, struct refusal *ret_why)
{
	const char *key = b->dev ? unswitchable(device_config(b->dev), b->config) : NULL;

	if (!b->dev || device_state(b->dev) != DEVICE_UP)
		return refuse_bind(ret_why, CONTROL_ERROR_STATE,
				   "only a device that is up can be "
				   "switched");
	if (device_on_trial(b->dev))
		return refuse_bind(ret_why, CONTROL_ERROR_STATE,
				   "%s is on trial since the last switch; try again once that is "
				   "over",
				   device_bdf_text(b->dev));
	if (key)
		return refuse_bind(ret_why, CONTROL_ERROR_CONFIG,
				   "%s= cannot be switched while the device is up: unbind it, and "
				   "bind it with that",
				   key);
	if (!b->n_settings || device_config_equal(device_config(b->dev), b->config))
		return refuse_bind(ret_why, CONTROL_ERROR_CONFIG,
				   "nothing to switch: %s runs with these settings",
				   device_bdf_text(b->dev));
	return 0;
}

/* Before anything is stopped. */
static int check_plugin(const struct binding *b, struct refusal *ret_why)
{
	const char *modalias = device_modalias(b->dev);
	struct device_plugin plugin = { 0 };
	_cleanup_free_ char *why = NULL;
	int r = plugin_choose(b->config, modalias ? modalias : "", &b->m->config.global, &plugin,
			      &why);
	bool same = !r && str_equal(plugin.bridge, device_plugin(b->dev)->bridge);

	plugin_finish(&plugin);
	if (r < 0)
		return refuse_bind(ret_why, CONTROL_ERROR_CONFIG, "%s", why ? why : strerror(-r));
	return same ? 0
		    : refuse_bind(ret_why, CONTROL_ERROR_CONFIG,
				  "the driver is for another class of devices");
}

/* Could they be saved once they are kept? */
static int check_dropin(const struct binding *b, struct refusal *ret_why)
{
	_cleanup_free_ char *why = NULL;
	int r;

	if (b->flags & CONTROL_BIND_RUNTIME)
		return 0;
	r = dropin_check(b->m->options.config_path, b->config, &why);
	return r < 0 && why ? refuse_bind(ret_why, CONTROL_ERROR_CONFIG, "%s", why) : r;
}

int binding_switch(struct binding *b, uint32_t trial_ms, struct refusal *ret_why)
{
	int r = check_switch(b, ret_why);

	if (!r)
		r = check_plugin(b, ret_why);
	if (!r)
		r = check_dropin(b, ret_why);
	if (r < 0)
		return r;
	r = device_switch(b->dev, b->config, trial_ms, !(b->flags & CONTROL_BIND_RUNTIME));
	if (r < 0)
		return r;
	b->config = NULL;
	return 0;
}

/* About the plugin that the start will choose, if that can be known already. */
static char *note_plugin(const struct binding *b)
{
	const char *modalias = device_modalias(b->dev);
	struct device_plugin plugin = { 0 };
	_cleanup_free_ char *why = NULL;
	char *note;

	plugin_choose(device_config(b->dev), modalias ? modalias : "", &b->m->config.global,
		      &plugin, &why);
	note = plugin_note(&plugin);
	plugin_finish(&plugin);
	return note;
}

char *binding_note(const struct binding *b)
{
	const struct device_config *c = device_config(b->dev);
	char *note = note_plugin(b);

	if (!note || *note)
		return note;
	free(note);
	if (b->flags & CONTROL_BIND_RUNTIME || device_is_staged(b->dev) ||
	    device_is_transient(b->dev) || c->autostart)
		return strdup("");
	return str_format("its section at %s has autostart=no: it is not bound again when ddekitd "
			  "starts",
			  c->where);
}

/* Removes the device from the configuration. *ret_forget: it is to be destroyed once it is
 * down. */
static int unconfigure(struct manager *m, struct device *dev, bool *ret_forget, char **ret_note,
		       struct refusal *ret_why)
{
	const char *config = m->options.config_path, *bdf = device_bdf_text(dev);
	int r = dropin_remove(config, bdf);

	*ret_forget = !r || device_is_transient(dev);
	if (!r || device_is_transient(dev))
		return 0;
	if (r != -ENOENT && r != -EPERM)
		return refuse_bind(ret_why, CONTROL_ERROR_FAILED,
				   "%s: cannot remove its drop-in "
				   "from %s.d: %s; --runtime leaves it there",
				   bdf, config, strerror(-r));
	if (device_config(dev)->autostart)
		*ret_note = str_format("its section at %s stays: ddekitd binds it again when it "
				       "starts, unless that is removed or has autostart=no",
				       device_config(dev)->where);
	return 0;
}

int binding_end(struct manager *m, struct device *dev, uint32_t flags, char **ret_note,
		struct refusal *ret_why)
{
	bool forget = device_is_transient(dev);
	int r = 0;

	if (!(flags & CONTROL_BIND_RUNTIME))
		r = unconfigure(m, dev, &forget, ret_note, ret_why);
	if (!r)
		device_stop(dev, forget);
	return r;
}
