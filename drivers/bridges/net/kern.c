// SPDX-License-Identifier: GPL-2.0-only
/*
 * Net bridge, kernel half: joins the driver's network interface to the TAP
 * that host-tap.c holds.  Here its state; kern-tx.c and kern-rx.c move the packets.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/pci.h>
#include <asm/dde.h>
#include "kern.h"

struct bridge bridge;
DEFINE_PER_CPU(struct bridge_counts, bridge_counts);
extern struct dde_net_up dde_net_up; /* the host finds it by its name */

static irqreturn_t tap_irq(int irq, void *arg)
{
	struct bridge *b = arg;

	if (b->dev)
		tasklet_schedule(&b->task);
	return IRQ_HANDLED;
}

/* ---- state ---------------------------------------------------------------- */

static u64 seam_features(const struct net_device *dev)
{
	u64 f = 0;

	if (dev->features & NETIF_F_CSUM_MASK)
		f |= DDE_NET_F_CSUM;
	if (dev->features & NETIF_F_TSO)
		f |= DDE_NET_F_TSO4;
	if (dev->features & NETIF_F_TSO6)
		f |= DDE_NET_F_TSO6;
	if (dev->features & NETIF_F_SG)
		f |= DDE_NET_F_SG;
	return f;
}

/* rtnl held */
static void fill_info(struct net_device *dev, struct dde_net_info *info)
{
	struct ethtool_link_ksettings ks;

	memset(info, 0, sizeof(*info));
	strscpy(info->name, dev->name, sizeof(info->name));
	if (dev->dev.parent && dev->dev.parent->driver)
		strscpy(info->driver, dev->dev.parent->driver->name, sizeof(info->driver));
	if (dev->dev.parent && dev_is_pci(dev->dev.parent))
		strscpy(info->pci, dev_name(dev->dev.parent), sizeof(info->pci));
	ether_addr_copy(info->mac, dev->dev_addr);
	info->mtu = dev->mtu;
	info->min_mtu = dev->min_mtu;
	info->max_mtu = dev->max_mtu;
	info->carrier = netif_carrier_ok(dev);
	info->up = !!(dev->flags & IFF_UP);
	info->duplex = 255;
	if (info->carrier && !__ethtool_get_link_ksettings(dev, &ks)) {
		info->speed = ks.base.speed == SPEED_UNKNOWN ? 0 : ks.base.speed;
		info->duplex = ks.base.duplex;
	}
	info->features = seam_features(dev);
}

static int report_event(struct bridge *b, u32 event)
{
	struct dde_net_info info;
	unsigned long flags;
	int err;

	fill_info(b->dev, &info);
	WRITE_ONCE(b->carrier, info.carrier);
	/* The host takes a lock, which an interrupt might want too. */
	local_irq_save(flags);
	err = b->down->event(b->down, event, &info);
	local_irq_restore(flags);
	return err;
}

/* rtnl held */
static void bridge_release(struct bridge *b)
{
	netdev_rx_handler_unregister(b->dev);
	tasklet_disable(&b->task);
	timer_delete_sync(&b->retry);
	timer_delete_sync(&b->watch);
	b->stuck_reported = false;
	kfree_skb_list(b->held);
	b->held = NULL;
	dev_put(b->dev);
	b->dev = NULL;
	tasklet_enable(&b->task);
}

static int on_netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct bridge *b = &bridge;

	if (!b->dev || netdev_notifier_info_to_dev(ptr) != b->dev)
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_CHANGE:
	case NETDEV_UP:
	case NETDEV_DOWN:
		if (netif_carrier_ok(b->dev) != b->carrier) {
			report_event(b, DDE_NET_CARRIER);
			tasklet_schedule(&b->task);
		}
		break;
	case NETDEV_CHANGEMTU:
	case NETDEV_CHANGEADDR:
	case NETDEV_FEAT_CHANGE:
		report_event(b, DDE_NET_CHANGED);
		break;
	case NETDEV_UNREGISTER:
		report_event(b, DDE_NET_GONE);
		bridge_release(b);
		break;
	}
	return NOTIFY_DONE;
}

/*
 * The kernel's link watch reports a change up to a second late if it follows another.
 * What changes the carrier is work, after which the CPU idles.
 */
static void carrier_work(struct work_struct *work)
{
	struct bridge *b = &bridge;

	rtnl_lock();
	if (b->dev && netif_carrier_ok(b->dev) != b->carrier) {
		report_event(b, DDE_NET_CARRIER);
		tasklet_schedule(&b->task);
	}
	rtnl_unlock();
}

static DECLARE_WORK(carrier_task, carrier_work);

static void idle_hook(void)
{
	struct net_device *dev = READ_ONCE(bridge.dev);

	if (dev && netif_carrier_ok(dev) != READ_ONCE(bridge.carrier))
		schedule_work(&carrier_task);
}

static struct notifier_block notifier = { .notifier_call = on_netdev_event };

/* ---- up-calls: task context ------------------------------------------------ */

/*
 * After a poll that found work the driver is polled again poll_ns later, and
 * its interrupt comes back on when that finds none: while frames flow there are
 * no interrupts, which devices delay and which cost two register writes each.
 * GRO keeps a packet for that time, so larger ones go to the host.
 */
static uint poll_ns = 7000;
module_param(poll_ns, uint, 0444);
MODULE_PARM_DESC(poll_ns, "nanoseconds between polls while frames flow, 0: by interrupts alone");

static void poll_softly(struct net_device *dev)
{
	net_set_polling(dev, poll_ns, poll_ns ? 1 : 0);
}

/* rtnl held. The first Ethernet interface of a PCI device. */
static struct net_device *find_interface(void)
{
	struct net_device *dev;

	for_each_netdev(&init_net, dev)
		if (dev->type == ARPHRD_ETHER && dev->dev.parent && dev_is_pci(dev->dev.parent))
			return dev;
	return NULL;
}

static int bridge_open(struct bridge *b, struct net_device *dev)
{
	int err;

	err = netdev_rx_handler_register(dev, rx_handler, b);
	if (err)
		return err;
	dev_hold(dev);
	b->dev = dev;
	poll_softly(dev);
	err = dev_open(dev, NULL);
	if (err) {
		bridge_release(b);
		return err;
	}
	/* The host's stack filters by group, which is not known here. */
	dev_set_allmulti(dev, 1);
	return 0;
}

/* rtnl held; undoes bridge_open() */
static void bridge_close(struct bridge *b)
{
	dev_set_allmulti(b->dev, -1);
	dev_close(b->dev);
	bridge_release(b);
}

static int64_t net_attach(void *arg)
{
	struct bridge *b = &bridge;
	struct net_device *dev;
	int err;

	b->down = dde_net_up.down;
	if (!b->down || b->down->version != DDE_NET_SEAM_VERSION || b->down->vnet_hdr > 12)
		return -EPROTO;
	if (b->dev)
		return -EBUSY;
	b->virq = dde_irq_map(b->down->hwirq);
	if (b->virq <= 0)
		return b->virq ?: -ENXIO;
	err = request_irq(b->virq, tap_irq, 0, "dde-tap", b);
	if (err)
		return err;
	err = -ENODEV;
	rtnl_lock();
	dev = find_interface();
	if (dev)
		err = bridge_open(b, dev);
	if (!err) {
		err = report_event(b, DDE_NET_READY);
		if (err)
			bridge_close(b);
	}
	rtnl_unlock();
	if (err) {
		free_irq(b->virq, b);
		b->virq = 0;
	}
	return err;
}

static int64_t net_detach(void *arg)
{
	struct bridge *b = &bridge;

	rtnl_lock();
	if (b->dev) {
		report_event(b, DDE_NET_GONE);
		bridge_close(b);
	}
	rtnl_unlock();
	if (b->virq > 0)
		free_irq(b->virq, b);
	b->virq = 0;
	return 0;
}

static int64_t net_get_info(void *arg)
{
	int64_t err = -ENODEV;

	rtnl_lock();
	if (bridge.dev) {
		fill_info(bridge.dev, arg);
		err = 0;
	}
	rtnl_unlock();
	return err;
}

static void add_counts(struct dde_net_stats *s)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct bridge_counts *c = per_cpu_ptr(&bridge_counts, cpu);

#define X(name, ...) s->name += c->name;
		DDE_NET_BRIDGE_STATS(X)
#undef X
	}
}

static int64_t net_get_stats(void *arg)
{
	struct dde_net_stats *s = arg;
	struct rtnl_link_stats64 t;
	int64_t err = -ENODEV;

	memset(s, 0, sizeof(*s));
	add_counts(s);
	rtnl_lock();
	if (bridge.dev) {
		dev_get_stats(bridge.dev, &t);
#define X(name, ...) s->name = t.name;
		DDE_NET_LINK_STATS(X)
#undef X
		err = 0;
	}
	rtnl_unlock();
	return err;
}

static int64_t net_set_mtu(void *arg)
{
	int64_t err = -ENODEV;

	rtnl_lock();
	if (bridge.dev)
		err = dev_set_mtu(bridge.dev, *(const u32 *)arg);
	rtnl_unlock();
	return err;
}

static int64_t net_set_mac(void *arg)
{
	struct net_address address = {};
	int64_t err = -ENODEV;

	rtnl_lock();
	if (bridge.dev) {
		net_address_set(&address, bridge.dev->type, arg, ETH_ALEN);
		err = dev_set_mac_address(bridge.dev, &address, NULL);
	}
	rtnl_unlock();
	return err;
}

static int64_t net_set_promisc(void *arg)
{
	bool want = *(const u32 *)arg;
	int64_t err = -ENODEV;

	rtnl_lock();
	if (bridge.dev) {
		err = 0;
		if (want != !!bridge.dev->promiscuity)
			err = dev_set_promiscuity(bridge.dev, want ? 1 : -1);
	}
	rtnl_unlock();
	return err;
}

struct dde_net_up dde_net_up = {
	.version = DDE_NET_SEAM_VERSION,
	.attach = net_attach,
	.detach = net_detach,
	.get_info = net_get_info,
	.get_stats = net_get_stats,
	.set_mtu = net_set_mtu,
	.set_mac = net_set_mac,
	.set_promisc = net_set_promisc,
};
EXPORT_SYMBOL_GPL(dde_net_up);

static int __init net_init(void)
{
	int err;

	tx_init(&bridge);
	err = dde_set_idle_hook(idle_hook);
	if (err)
		return err;
	err = register_netdevice_notifier(&notifier);
	if (err)
		dde_set_idle_hook(NULL);
	return err;
}

static void __exit net_exit(void)
{
	net_detach(NULL);
	unregister_netdevice_notifier(&notifier);
	dde_set_idle_hook(NULL);
	cancel_work_sync(&carrier_task);
	tx_finish(&bridge);
}

module_init(net_init);
module_exit(net_exit);
MODULE_DESCRIPTION("DDEKit net bridge, kernel half");
MODULE_LICENSE("GPL");
