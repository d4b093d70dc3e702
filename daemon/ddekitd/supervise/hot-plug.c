/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI devices that come and go; see hot-plug.h. */
#include <errno.h>
#include <systemd/sd-device.h>

#include "hot-plug.h"
#include "lib/log.h"

struct hotplug {
	struct manager *manager;
	sd_device_monitor *monitor;
};

/* After udev's rules: a kernel driver may have the device already. */
static int on_udev_event(sd_device_monitor *monitor, sd_device *udev, void *arg)
{
	struct hotplug *h = arg;
	const char *subsystem, *name;
	sd_device_action_t action;
	struct device *dev;
	struct ddekit_bdf bdf;

	if (sd_device_get_subsystem(udev, &subsystem) < 0 || strcmp(subsystem, "pci") ||
	    sd_device_get_sysname(udev, &name) < 0 || ddekit_bdf_parse(name, &bdf) < 0 ||
	    sd_device_get_action(udev, &action) < 0)
		return 0;
	dev = manager_find(h->manager, bdf);
	if (dev && action == SD_DEVICE_ADD)
		device_plugged(dev);
	else if (dev && action == SD_DEVICE_REMOVE)
		device_unplugged(dev);
	return 0;
}

int hotplug_open(struct manager *m, struct hotplug **ret)
{
	struct hotplug *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->manager = m;
	r = sd_device_monitor_new(&h->monitor);
	if (r >= 0)
		r = sd_device_monitor_attach_event(h->monitor, m->env.event);
	if (r >= 0)
		r = sd_device_monitor_start(h->monitor, on_udev_event, h);
	if (r < 0) {
		log_warning("no hot-plug: cannot monitor udev: %s", strerror(-r));
		hotplug_close(h);
		return r;
	}
	*ret = h;
	return 0;
}

void hotplug_close(struct hotplug *h)
{
	if (!h)
		return;
	sd_device_monitor_unref(h->monitor);
	free(h);
}
