/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernels call by different names; the bridge is written for 6.12's. Kernel world. */
#ifndef DDE_NET_COMPAT_H
#define DDE_NET_COMPAT_H

#include <linux/netdevice.h>
#include <linux/timer.h>
#include <asm/dde/compat.h>

#if DDE_SINCE(6, 16)
#define from_timer timer_container_of
#define net_address sockaddr_storage
#define net_address_set(address, type, mac, len) \
	((address)->ss_family = (type), memcpy((address)->__data, mac, len))
#else
#define net_address sockaddr
#define net_address_set(address, type, mac, len) \
	((address)->sa_family = (type), memcpy((address)->sa_data, mac, len))
#endif

/* rtnl held. Since 6.13 each NAPI instance has these; the device has them for new ones. */
static inline void net_set_polling(struct net_device *dev, unsigned long timeout_ns, int defer)
{
#if DDE_SINCE(6, 13)
	struct napi_struct *napi;

	list_for_each_entry(napi, &dev->napi_list, dev_list) {
		WRITE_ONCE(napi->gro_flush_timeout, timeout_ns);
		WRITE_ONCE(napi->defer_hard_irqs, defer);
	}
#endif
	WRITE_ONCE(dev->gro_flush_timeout, timeout_ns);
	WRITE_ONCE(dev->napi_defer_hard_irqs, defer);
}

#endif
