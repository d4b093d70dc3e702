/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "net" in ddekitd: status and properties. */
#include "ddekitd.h"
#include "lib/json.h"

static struct json_object *report_offloads(uint64_t features)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} names[] = {
		{ DDE_NET_F_CSUM, "csum" },
		{ DDE_NET_F_TSO4, "tso4" },
		{ DDE_NET_F_TSO6, "tso6" },
		{ DDE_NET_F_SG, "sg" },
	};
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (features & names[i].bit)
			json_object_array_add(list, json_object_new_string(names[i].name));
	return list;
}

/* The driver's last report; NULL: none yet. */
static const struct net_export *last_report(const struct device *dev)
{
	const struct device_net *net = net_of(dev);

	return net && net->driver_known ? &net->driver : NULL;
}

static void net_report(const struct device *dev, bool stats, struct json_object *o)
{
	const struct net_export *is = last_report(dev);
	char mac[24];

	if (!is || stats)
		return;
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", is->mac[0], is->mac[1],
		 is->mac[2], is->mac[3], is->mac[4], is->mac[5]);
	add_string(o, "mac", mac);
	add_bool(o, "carrier", is->carrier);
	add_number(o, "speed", is->speed);
	add_string(o, "duplex", is->duplex == 255 ? "unknown" : is->duplex ? "full" : "half");
	add_number(o, "mtu", is->mtu);
	add_number(o, "max_mtu", is->max_mtu);
	json_object_object_add(o, "offloads", report_offloads(is->features));
}

static const char *net_interface(const struct device *dev)
{
	const struct device_net *net = net_of(dev);

	return net && net->link_known ? net->link.name : NULL;
}

static bool net_link(const struct device *dev, struct device_link *ret)
{
	const struct net_export *is = last_report(dev);

	if (is)
		*ret = (struct device_link){ .up = is->carrier, .speed = is->speed };
	return is;
}

/* The host's interface is no file that somebody has open: there are no users. */
const struct class_view_ops net_view_ops = {
	.report = net_report,
	.interface = net_interface,
	.link = net_link,
};
