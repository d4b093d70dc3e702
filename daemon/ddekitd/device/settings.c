/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's configuration and plugin, and what a bind does to them; see device.h. */
#include "lib/log.h"
#include "private.h"

const struct device_config *device_config(const struct device *dev)
{
	return dev->config;
}

const char *device_bdf_text(const struct device *dev)
{
	return dev->config->bdf_text;
}

bool device_is_transient(const struct device *dev)
{
	return dev->settings.transient;
}

void device_set_transient(struct device *dev, bool transient)
{
	dev->settings.transient = transient;
}

bool device_is_staged(const struct device *dev)
{
	return dev->settings.staged;
}

void device_stage(struct device *dev)
{
	dev->settings.staged = true;
}

void device_set_force(struct device *dev, bool force)
{
	dev->settings.force = force;
}

int device_set_where(struct device *dev, const char *where)
{
	return str_set(&dev->config->where, where);
}

struct device_config *device_swap_config(struct device *dev, struct device_config *config)
{
	struct device_config *before = dev->config;

	dev->config = config;
	return before;
}

void device_bind_config(struct device *dev, struct device_config *config, bool revert)
{
	struct device_config *before = device_swap_config(dev, config);

	device_config_destroy(dev->settings.before_bind);
	dev->settings.before_bind = revert ? before : NULL;
	if (!revert)
		device_config_destroy(before);
}

bool device_settle(struct device *dev, struct device_config **ret_before)
{
	bool staged = dev->settings.staged;

	*ret_before = dev->settings.before_bind;
	dev->settings.before_bind = NULL;
	dev->settings.staged = false;
	return staged;
}

void device_set_next_config(struct device *dev, struct device_config *config)
{
	device_config_destroy(dev->settings.next);
	dev->settings.next = config;
}

void device_apply_next_config(struct device *dev)
{
	if (!dev->settings.next)
		return;
	device_config_destroy(device_swap_config(dev, dev->settings.next));
	dev->settings.next = NULL;
}

void device_restore_settings(struct device *dev, bool staged)
{
	dev->settings.staged = staged;
}

void device_set_plugin(struct device *dev, struct device_plugin *plugin)
{
	struct log_about about = device_about(dev);
	_cleanup_free_ char *note = plugin_note(plugin);

	if (note && *note) {
		log_line(&about, LOG_WARNING, "%s", note);
		device_log_line(dev, LOG_WARNING, note);
	}
	plugin_finish(&dev->plugin);
	dev->plugin = *plugin;
	*plugin = (struct device_plugin){ 0 };
}

const struct device_plugin *device_plugin(const struct device *dev)
{
	return &dev->plugin;
}

void device_finish_settings(struct device *dev)
{
	device_config_destroy(dev->config);
	device_config_destroy(dev->settings.next);
	device_config_destroy(dev->settings.before_bind);
	plugin_finish(&dev->plugin);
}
