/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "net": checks its messages, names its statistics; see class.h. */
#include <string.h>
#include "class.h"
#include "protocol/check.h"
#include "protocol/host.h"
#include "net/protocol.h"

#define MTU_LIMIT 65535u
#define SPEED_LIMIT 10000000u /* Mbit/s */

_Static_assert(sizeof(struct net_setup) <= PROTO_CLASS_BYTES, "fits");
_Static_assert(sizeof(struct net_request) <= PROTO_CLASS_BYTES, "fits");
_Static_assert(sizeof(struct net_export) <= PROTO_EXPORT_BYTES, "fits");
_Static_assert(sizeof(struct dde_net_stats) <= PROTO_CLASS_STATS * sizeof(uint64_t), "fits");

static const struct class_stat stats[] = {
#define X(name, metric, unit, help) { #name, metric, unit, help, false },
	DDE_NET_LINK_STATS(X) DDE_NET_BRIDGE_STATS(X)
#undef X
};

static bool mac_sane(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero));
}

static const char *net_check(uint32_t index, void *data, size_t len)
{
	const uint64_t features = DDE_NET_F_CSUM | DDE_NET_F_TSO4 | DDE_NET_F_TSO6 | DDE_NET_F_SG;
	const struct net_export *m = data;

	if (len != sizeof(*m))
		return "interface of wrong length";
	if (index)
		return "interface with a bad index";
	if (!text_is_name(m->ifname, sizeof(m->ifname)) || !m->ifname[0] ||
	    !text_is_name(m->driver, sizeof(m->driver)))
		return "interface with a bad name";
	if (!mac_sane(m->mac))
		return "interface with a bad MAC address";
	if (m->carrier > 1 || (m->duplex > 1 && m->duplex != 255))
		return "interface with a bad carrier or duplex";
	if (m->speed > SPEED_LIMIT && m->speed != UINT32_MAX)
		return "interface with an impossible speed";
	if (m->mtu > MTU_LIMIT || m->min_mtu > m->mtu || (m->max_mtu && m->max_mtu < m->mtu))
		return "interface with an impossible MTU";
	if (m->features & ~features)
		return "interface with unknown features";
	return NULL;
}

extern const struct class_protocol net_protocol;
const struct class_protocol net_protocol = {
	.name = "net",
	.check = net_check,
	.stats = stats,
	.n_stats = sizeof(stats) / sizeof(stats[0]),
};
