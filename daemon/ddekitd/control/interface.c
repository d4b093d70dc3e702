/* SPDX-License-Identifier: GPL-2.0-only */
/* The control interface: what is served on each connection, what is emitted; see interface.h. */
#include "bus.h"
#include "interface.h"
#include "methods.h"
#include "objects.h"

static int register_objects(sd_bus *connection, void *arg)
{
	struct interface *i = arg;
	int r = methods_register(connection, i);

	return r < 0 ? r : objects_register(connection, i->manager);
}

static void emit_changed(void *arg, struct device *dev, enum device_state from)
{
	bus_state_changed(arg, dev, from);
}

static void emit_logged(void *arg, const struct device *dev, int level, const char *text)
{
	bus_log_line(arg, dev, level, text);
}

static void emit_link(void *arg, const struct device *dev)
{
	bus_link_changed(arg, dev);
}

static const struct manager_listener listener = {
	.changed = emit_changed,
	.logged = emit_logged,
	.link = emit_link,
};

int interface_open(struct manager *m, struct interface *ret)
{
	int r;

	*ret = (struct interface){ .manager = m };
	r = bus_open(m, register_objects, ret, &ret->bus);
	return r < 0 ? r : manager_subscribe(m, &listener, ret->bus);
}

void interface_close(struct interface *i)
{
	bus_close(i->bus);
}
