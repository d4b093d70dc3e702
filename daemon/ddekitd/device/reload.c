/* SPDX-License-Identifier: GPL-2.0-only */
/* Restart in place: the same process loads the driver again; see device.h. */
#include <errno.h>

#include "private.h"

static void on_reload_reply(void *arg, const struct host_reply *reply)
{
	struct device *dev = arg;
	char text[96];

	/* -EPIPE: it died, which is seen elsewhere. */
	if (!reply->error || reply->error == -EPIPE || !dev->run.host)
		return;
	snprintf(text, sizeof(text), "did not reload its driver: %s", strerror(-reply->error));
	host_kill(dev->run.host, text);
}

/* What the host has loaded stays loaded. */
static int check_files(const struct device_plugin *old, const struct device_plugin *plugin,
		       char **ret_why)
{
	size_t i;

	for (i = 0; i < old->path.n; i++)
		if (plugin->path.n != old->path.n ||
		    strcmp(old->path.item[i], plugin->path.item[i])) {
			*ret_why = str_format("driver %s has other files now: restart it without "
					      "--in-place",
					      plugin->name);
			return -ESTALE;
		}
	return 0;
}

/* Lays @options over the configuration. Return: 0, -errno and nothing is changed. */
static int set_options(struct device *dev, const char *options, char **ret_why)
{
	struct device_config *config = device_config_copy(dev->config);
	struct device_plugin plugin = { 0 };
	int r = config ? 0 : -ENOMEM;

	if (!r && options)
		r = device_config_set(config, "options", options, 1, ret_why);
	if (!r)
		r = plugin_choose(config, dev->hold.modalias, dev->env->global, &plugin, ret_why);
	if (!r)
		r = check_files(&dev->plugin, &plugin, ret_why);
	if (r < 0) {
		plugin_finish(&plugin);
		device_config_destroy(config);
		return r;
	}
	device_set_plugin(dev, &plugin);
	device_config_destroy(device_swap_config(dev, config));
	return 0;
}

static int send_reload(struct device *dev)
{
	size_t i;
	int r = 0;

	for (i = 0; i < dev->plugin.path.n && !r; i++)
		r = host_request_text(dev->run.host, OP_SET_ARGS, i, dev->plugin.args.item[i],
				      on_reload_reply, dev);
	return r ? r : host_request(dev->run.host, OP_RELOAD, on_reload_reply, dev);
}

int device_reload(struct device *dev, const char *options, char **ret_why)
{
	int r;

	if (dev->state != DEVICE_UP || dev->want != WANT_UP || !dev->run.host)
		return -EBUSY;
	r = set_options(dev, options, ret_why);
	if (r < 0)
		return r;
	device_count_reload(dev);
	dev->reloading = true;
	device_begin_outage(dev);
	device_note_link(dev, 0);
	device_classes_absent(dev);
	device_enter(dev, DEVICE_RESTARTING, "in place, asked to");
	r = send_reload(dev);
	if (!r)
		r = device_limit_start(dev);
	if (r < 0)
		host_kill(dev->run.host, "does not read its requests");
	return 0;
}
