/* SPDX-License-Identifier: GPL-2.0-only */
/* A device of a kernel driver, before the claim and after its release; see take-over.h. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <systemd/sd-device.h>

#include "in-use.h"
#include "net-settings.h"
#include "pci-sysfs.h"
#include "rtnetlink.h"
#include "take-over.h"
#include "tap.h"

#define COME_BACK_NS 10000000000ull
#define UDEV_MS 20 /* how often to look whether udev is done */

static void add_notes(struct strv *notes, const char *what, const struct strv *errors)
{
	size_t i;

	for (i = 0; i < errors->n; i++) {
		_cleanup_free_ char *line = str_format("%s: %s", what, errors->item[i]);

		if (line)
			strv_add(notes, line);
	}
}

/* Return: -EBUSY. */
static int refuse(const struct strv *uses, const char *next, char **ret_why)
{
	struct text t = { 0 };
	size_t i;

	for (i = 0; i < uses->n; i++)
		text_add(&t, "%s%s", i ? ", " : "", uses->item[i]);
	*ret_why = str_format("in use: %s; %s", t.text ? t.text : "?", next);
	text_finish(&t);
	return -EBUSY;
}

/* A card has one interface; of several the first is the one that is saved. */
static int save_interface(const char *bdf, struct netsave **ret)
{
	struct strv list = { 0 };
	int r = pcisys_interfaces(inuse_system.sys, bdf, &list);

	if (!r && list.n)
		r = netsave_read(list.item[0], ret);
	strv_finish(&list);
	return r == -ENODEV ? 0 : r;
}

int takeover_check(const struct device_config *config, bool force, struct netsave **ret_saved,
		   struct strv *notes, char **ret_why)
{
	struct inuse uses = { 0 };
	int r = inuse_check(&inuse_system, config->bdf_text, &uses);

	if (!r && force) {
		add_notes(notes, "claimed by force", &uses.other);
		if (!config->take_over)
			add_notes(notes, "claimed by force", &uses.net);
	} else if (!r && uses.other.n) {
		r = refuse(&uses.other, "end that first, or bind it with --force", ret_why);
	} else if (!r && uses.net.n && !config->take_over) {
		r = refuse(&uses.net,
			   "set take-over=yes to move all that to the new interface, "
			   "or remove it first, or bind with --force to drop it",
			   ret_why);
	} else if (r < 0) {
		*ret_why = str_format("cannot tell who uses it: %s", strerror(-r));
	}
	inuse_finish(&uses);
	return r ? r : save_interface(config->bdf_text, ret_saved);
}

struct apply_args {
	const struct netsave *saved;
	struct strv *notes;
	char name[IFNAMSIZ];
};

static int apply_in_netns(void *arg)
{
	struct apply_args *a = arg;
	struct strv errors = { 0 };

	netsave_apply(a->saved, (int)if_nametoindex(a->name), NETSAVE_MTU | NETSAVE_UP, &errors);
	add_notes(a->notes, "not taken over", &errors);
	strv_finish(&errors);
	return 0;
}

void takeover_apply(const struct netsave *saved, int tap, struct strv *notes)
{
	struct apply_args a = { .saved = saved, .notes = notes };
	_cleanup_close_ int ns = -1;

	if (tap_name(tap, a.name) < 0)
		return;
	ns = tap_netns_fd(tap);
	if (ns >= 0)
		netns_call(ns, apply_in_netns, &a);
}

/* Index of the kernel's interface; 0: none yet. */
static unsigned int kernel_interface(const char *bdf)
{
	struct strv list = { 0 };
	unsigned int index = 0;

	if (!pcisys_interfaces(inuse_system.sys, bdf, &list) && list.n)
		index = if_nametoindex(list.item[0]);
	strv_finish(&list);
	return index;
}

/* udev names a new interface: an earlier name would be lost. */
static bool udev_is_done(unsigned int index)
{
	sd_device *device = NULL;
	int r;

	if (access("/run/udev/control", F_OK) < 0)
		return true; /* it does not run */
	r = sd_device_new_from_ifindex(&device, (int)index);
	if (r >= 0)
		r = sd_device_get_is_initialized(device);
	sd_device_unref(device);
	return r > 0;
}

/* Looks again whenever an interface appears or changes, and while udev is at it. */
static unsigned int wait_for_interface(const char *bdf, struct mnl_socket *nl)
{
	uint64_t end = mono_ns() + COME_BACK_NS, now;
	struct pollfd p = { .fd = mnl_socket_get_fd(nl), .events = POLLIN };
	unsigned int index;
	char buf[16384];

	while (!(index = kernel_interface(bdf)) || !udev_is_done(index)) {
		now = mono_ns();
		if (now >= end)
			return index;
		if (poll(&p, 1, index ? UDEV_MS : (end - now) / 1000000 + 1) < 0 && errno != EINTR)
			return index;
		while (mnl_socket_recvfrom(nl, buf, sizeof(buf)) > 0)
			;
	}
	return index;
}

void takeover_return(const char *bdf, const struct netsave *saved, struct strv *notes)
{
	_cleanup_free_ char *driver = pcisys_driver(inuse_system.sys, bdf);
	struct mnl_socket *nl;
	struct strv errors = { 0 };
	unsigned int index = 0;

	nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (driver && nl && mnl_socket_bind(nl, RTMGRP_LINK, MNL_SOCKET_AUTOPID) >= 0)
		index = wait_for_interface(bdf, nl);
	if (nl)
		mnl_socket_close(nl);
	if (index && index != netsave_ifindex(saved))
		netsave_apply(saved, (int)index, NETSAVE_ALL, &errors);
	else if (!index && pcisys_present(inuse_system.sys, bdf))
		strv_add(&errors, "the kernel has no interface for the device");
	add_notes(notes, "not restored", &errors);
	strv_finish(&errors);
}
