// SPDX-License-Identifier: GPL-2.0-only
/*
 * Net bridge, kernel half: joins the driver's network interface to the TAP
 * that host.c holds.  Every frame the driver receives goes to the host after
 * GRO; every packet the host sends goes to the driver's transmit function,
 * with offloads as the virtio_net_hdr describes them.
 *
 * The bridge is the interface's only user, so it takes the place of the queue
 * discipline: packets are handed to the driver in batches with "more to come"
 * set, which saves a doorbell write per packet.  Packets wait in the TAP, not
 * here: at most one is held, and at most INFLIGHT_MAX bytes are at the driver.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/interrupt.h>
#include <linux/if_vlan.h>
#include <linux/pci.h>
#include <linux/virtio_net.h>
#include <net/sock.h>
#include <asm/dde.h>
#include "seam.h"

#define INFLIGHT_MAX	(384 * 1024)	/* bytes of skb truesize at the driver */
#define BATCH		64		/* packets per run of the tasklet */
#define SMALL		1792		/* bytes that a packet's linear part holds */
#define FRAG_ORDER	3
#define FRAG_SIZE	(PAGE_SIZE << FRAG_ORDER)
#define N_FRAGS		2		/* SMALL + N_FRAGS * FRAG_SIZE > 64 KiB + headers */
#define RX_IOVS		72
#define RETRY_JIFFIES	msecs_to_jiffies(10)

struct bridge {
	struct net_device *dev;
	const struct dde_net_down *down;
	int virq;
	atomic_t inflight;
	bool stalled;			/* the tasklet waits for inflight to fall */
	bool carrier;			/* as last told to the host */
	struct sk_buff *held;		/* the driver's queue was full */
	struct page *spare[N_FRAGS];	/* filled by the next large packet */
	struct timer_list retry;
	struct tasklet_struct task;
	struct dde_net_stats stats;	/* only the host_* and stalls members */
};

static struct bridge bridge;
extern struct dde_net_up dde_net_up;	/* the host finds it by its name */

static void tx_run(struct tasklet_struct *t);
static void tx_retry(struct timer_list *t);

/* ---- from the host to the wire ------------------------------------------- */

/* Called when the driver is done with a packet, on any CPU. */
static void tx_done(struct sk_buff *skb)
{
	struct bridge *b = &bridge;
	int size = (int)(long)skb_shinfo(skb)->destructor_arg;
	int left = atomic_sub_return(size, &b->inflight);

	if (READ_ONCE(b->stalled) && left < INFLIGHT_MAX / 2) {
		WRITE_ONCE(b->stalled, false);
		tasklet_schedule(&b->task);
	}
}

static bool tx_may_go(struct bridge *b)
{
	if (atomic_read(&b->inflight) < INFLIGHT_MAX)
		return true;
	b->stats.stalls++;
	WRITE_ONCE(b->stalled, true);
	smp_mb();	/* pairs with the order in tx_done(): count, then flag */
	if (atomic_read(&b->inflight) >= INFLIGHT_MAX / 2)
		return false;
	WRITE_ONCE(b->stalled, false);
	return true;
}

static bool tx_fill_spare(struct bridge *b)
{
	int i;

	for (i = 0; i < N_FRAGS; i++) {
		if (b->spare[i])
			continue;
		b->spare[i] = alloc_pages(GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN, FRAG_ORDER);
		if (!b->spare[i])
			return false;
	}
	return true;
}

/* What did not fit into the linear part is in the spare pages: attach them. */
static void tx_attach_frags(struct bridge *b, struct sk_buff *skb, unsigned int len)
{
	int i;

	for (i = 0; len; i++) {
		unsigned int part = min_t(unsigned int, len, FRAG_SIZE);

		skb_add_rx_frag(skb, i, b->spare[i], 0, part, FRAG_SIZE);
		b->spare[i] = NULL;
		len -= part;
	}
}

/* Reads one packet from the TAP. Return: NULL (*err set) if there is none. */
static struct sk_buff *tx_read(struct bridge *b, long *err)
{
	struct virtio_net_hdr_mrg_rxbuf vh = {};
	struct dde_iovec iov[2 + N_FRAGS];
	unsigned int hlen = b->down->vnet_hdr;
	struct sk_buff *skb;
	int i, n = 0;
	long len;

	*err = -ENOMEM;
	skb = netdev_alloc_skb_ip_align(b->dev, SMALL);
	if (!skb || !tx_fill_spare(b))
		goto drop;
	if (hlen)
		iov[n++] = (struct dde_iovec){ &vh, hlen };
	iov[n++] = (struct dde_iovec){ skb->data, SMALL };
	for (i = 0; i < N_FRAGS; i++)
		iov[n++] = (struct dde_iovec){ page_address(b->spare[i]), FRAG_SIZE };
	len = b->down->tx(iov, n);
	*err = len;
	if (len < 0)
		goto drop;
	*err = -EBADMSG;
	len -= hlen;
	if (len < ETH_HLEN)
		goto drop;
	skb_put(skb, min_t(long, len, SMALL));
	if (len > SMALL)
		tx_attach_frags(b, skb, len - SMALL);
	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	skb_set_network_header(skb, ETH_HLEN);
	if (hlen && virtio_net_hdr_to_skb(skb, &vh.hdr, true))
		goto drop;
	skb_probe_transport_header(skb);
	return skb;
drop:
	kfree_skb(skb);
	return NULL;
}

/* Software does what the device cannot; may give a list of packets, or none. */
static struct sk_buff *tx_prepare(struct bridge *b, struct sk_buff *skb)
{
	bool again = false;

	skb_shinfo(skb)->destructor_arg = (void *)(long)skb->truesize;
	atomic_add(skb->truesize, &b->inflight);
	skb->destructor = tx_done;
	return validate_xmit_skb_list(skb, b->dev, &again);
}

static struct netdev_queue *tx_queue(struct bridge *b, struct sk_buff *skb)
{
	u16 q = b->dev->real_num_tx_queues > 1 ? netdev_pick_tx(b->dev, skb, NULL) : 0;

	skb_set_queue_mapping(skb, q);
	return netdev_get_tx_queue(b->dev, q);
}

/*
 * Hands a list to the driver. Return: what the driver did not take, because its
 * queue is full or stopped.
 */
static struct sk_buff *tx_send(struct bridge *b, struct sk_buff *skb, bool more)
{
	struct netdev_queue *txq = tx_queue(b, skb);

	HARD_TX_LOCK(b->dev, txq, smp_processor_id());
	while (skb) {
		struct sk_buff *next = skb->next;

		if (netif_xmit_frozen_or_drv_stopped(txq))
			break;
		skb_mark_not_on_list(skb);
		if (!dev_xmit_complete(netdev_start_xmit(skb, b->dev, txq, more || next))) {
			skb->next = next;
			break;
		}
		skb = next;
	}
	HARD_TX_UNLOCK(b->dev, txq);
	return skb;
}

static void list_append(struct sk_buff *list, struct sk_buff *tail)
{
	while (list->next)
		list = list->next;
	list->next = tail;
}

static bool tx_wanted(struct bridge *b)
{
	return netif_running(b->dev) && netif_device_present(b->dev) && netif_carrier_ok(b->dev);
}

/* Sends skb, then what follows it in the TAP. more: a successor is at hand. */
static bool tx_one(struct bridge *b, struct sk_buff *skb, bool more)
{
	if (!tx_wanted(b)) {
		kfree_skb_list(skb);
		b->stats.host_tx_failed++;
		return true;
	}
	b->held = tx_send(b, skb, more);
	if (!b->held)
		return true;
	mod_timer(&b->retry, jiffies + RETRY_JIFFIES);
	return false;
}

static struct sk_buff *tx_next(struct bridge *b, long *err)
{
	struct sk_buff *skb = NULL;

	*err = 0;
	while (!skb && tx_may_go(b)) {
		skb = tx_read(b, err);
		if (skb) {
			b->stats.host_tx_frames++;
			skb = tx_prepare(b, skb);
			continue;
		}
		if (*err != -EBADMSG)
			break;
		b->stats.host_tx_failed++;
	}
	return skb;
}

/*
 * One packet is read ahead, so that the driver knows whether another follows
 * and writes its doorbell once for all of them.
 */
static void tx_run(struct tasklet_struct *t)
{
	struct bridge *b = container_of(t, struct bridge, task);
	struct sk_buff *skb = b->held, *ahead;
	long err = 0;
	int i;

	if (!b->dev)
		return;
	b->held = NULL;
	if (!skb)
		skb = tx_next(b, &err);
	for (i = 0; skb; i++) {
		ahead = i < BATCH ? tx_next(b, &err) : NULL;
		if (!tx_one(b, skb, ahead != NULL)) {
			list_append(b->held, ahead);	/* keeps its place */
			return;
		}
		skb = ahead;
	}
	if (i > BATCH)
		tasklet_schedule(&b->task);
	else if (err == -ENOMEM)
		mod_timer(&b->retry, jiffies + RETRY_JIFFIES);
}

static void tx_retry(struct timer_list *t)
{
	struct bridge *b = from_timer(b, t, retry);

	tasklet_schedule(&b->task);
}

static irqreturn_t tap_irq(int irq, void *arg)
{
	struct bridge *b = arg;

	if (b->dev)
		tasklet_schedule(&b->task);
	return IRQ_HANDLED;
}

/* ---- from the wire to the host ------------------------------------------- */

/* Return: the number of iovs, or -E2BIG. */
static int map_skb(struct sk_buff *skb, struct dde_iovec *v, int n, int max)
{
	struct sk_buff *part;
	int i;

	if (skb_headlen(skb)) {
		if (n == max)
			return -E2BIG;
		v[n++] = (struct dde_iovec){ skb->data, skb_headlen(skb) };
	}
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		skb_frag_t *f = &skb_shinfo(skb)->frags[i];

		if (n == max)
			return -E2BIG;
		v[n++] = (struct dde_iovec){ skb_frag_address(f), skb_frag_size(f) };
	}
	skb_walk_frags(skb, part) {
		n = map_skb(part, v, n, max);
		if (n < 0)
			return n;
	}
	return n;
}

static int rx_to_host(struct bridge *b, struct sk_buff *skb)
{
	struct virtio_net_hdr_mrg_rxbuf vh = {};
	struct dde_iovec v[RX_IOVS];
	int n = 0, first = 0;
	long r;

	if (b->down->vnet_hdr) {
		if (virtio_net_hdr_from_skb(skb, &vh.hdr, true, true, 0))
			return -EINVAL;
		v[n++] = (struct dde_iovec){ &vh, b->down->vnet_hdr };
		first = 1;
	} else if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb)) {
		return -EINVAL;
	}
	n = map_skb(skb, v, first, RX_IOVS);
	if (n < 0) {
		if (skb_linearize(skb))
			return -ENOMEM;
		n = map_skb(skb, v, first, RX_IOVS);
	}
	r = b->down->rx(v, n);
	return r < 0 ? r : 0;
}

static rx_handler_result_t rx_handler(struct sk_buff **pskb)
{
	struct bridge *b = &bridge;
	struct sk_buff *skb = skb_share_check(*pskb, GFP_ATOMIC);
	bool answer;

	if (!skb)
		return RX_HANDLER_CONSUMED;
	*pskb = skb;
	answer = skb_is_gso(skb);
	skb_push(skb, skb->data - skb_mac_header(skb));
	if (skb_vlan_tag_present(skb)) {
		skb = __vlan_hwaccel_push_inside(skb);
		if (!skb)
			return RX_HANDLER_CONSUMED;
	}
	b->stats.host_rx_frames++;
	if (rx_to_host(b, skb)) {
		b->stats.host_rx_failed++;
		kfree_skb(skb);
	} else {
		consume_skb(skb);
	}
	/* The host answers large packets at once: look before going to sleep. */
	if (answer)
		tasklet_schedule(&b->task);
	return RX_HANDLER_CONSUMED;
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

static void tell(struct bridge *b, u32 event)
{
	struct dde_net_info info;

	fill_info(b->dev, &info);
	b->carrier = info.carrier;
	b->down->event(event, &info);
}

/* rtnl held */
static void let_go(struct bridge *b)
{
	netdev_rx_handler_unregister(b->dev);
	tasklet_disable(&b->task);
	timer_delete_sync(&b->retry);
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
			tell(b, DDE_NET_CARRIER);
			tasklet_schedule(&b->task);
		}
		break;
	case NETDEV_CHANGEMTU:
	case NETDEV_CHANGEADDR:
	case NETDEV_FEAT_CHANGE:
		tell(b, DDE_NET_CHANGED);
		break;
	case NETDEV_UNREGISTER:
		tell(b, DDE_NET_GONE);
		let_go(b);
		break;
	}
	return NOTIFY_DONE;
}

/*
 * The kernel's link watch tells of a change up to a second late if it follows
 * another.  What changes the carrier is work; when it is done the CPU idles.
 */
static void carrier_work(struct work_struct *work)
{
	struct bridge *b = &bridge;

	rtnl_lock();
	if (b->dev && netif_carrier_ok(b->dev) != b->carrier) {
		tell(b, DDE_NET_CARRIER);
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
static uint poll_ns = 10000;
module_param(poll_ns, uint, 0444);
MODULE_PARM_DESC(poll_ns, "nanoseconds between polls while frames flow, 0: by interrupts alone");

static void poll_softly(struct net_device *dev)
{
	WRITE_ONCE(dev->gro_flush_timeout, poll_ns);
	WRITE_ONCE(dev->napi_defer_hard_irqs, poll_ns ? 1 : 0);
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

static int take(struct bridge *b, struct net_device *dev)
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
		let_go(b);
		return err;
	}
	/* The host's stack filters; what groups it listens to is not known here. */
	dev_set_allmulti(dev, 1);
	return 0;
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
		err = take(b, dev);
	if (!err)
		tell(b, DDE_NET_READY);
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
	struct net_device *dev;

	rtnl_lock();
	dev = b->dev;
	if (dev) {
		tell(b, DDE_NET_GONE);
		dev_set_allmulti(dev, -1);
		dev_close(dev);
		let_go(b);
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

static int64_t net_get_stats(void *arg)
{
	struct dde_net_stats *s = arg;
	struct rtnl_link_stats64 t;
	int64_t err = -ENODEV;

	*s = bridge.stats;
	rtnl_lock();
	if (bridge.dev) {
		dev_get_stats(bridge.dev, &t);
		s->rx_packets = t.rx_packets;
		s->rx_bytes = t.rx_bytes;
		s->rx_errors = t.rx_errors;
		s->rx_dropped = t.rx_dropped;
		s->tx_packets = t.tx_packets;
		s->tx_bytes = t.tx_bytes;
		s->tx_errors = t.tx_errors;
		s->tx_dropped = t.tx_dropped;
		s->multicast = t.multicast;
		s->collisions = t.collisions;
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
	struct sockaddr sa = {};
	int64_t err = -ENODEV;

	rtnl_lock();
	if (bridge.dev) {
		sa.sa_family = bridge.dev->type;
		memcpy(sa.sa_data, arg, ETH_ALEN);
		err = dev_set_mac_address(bridge.dev, &sa, NULL);
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

	BUILD_BUG_ON(SMALL + N_FRAGS * FRAG_SIZE < 65536 + VLAN_ETH_HLEN);
	tasklet_setup(&bridge.task, tx_run);
	timer_setup(&bridge.retry, tx_retry, 0);
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
	int i;

	net_detach(NULL);
	unregister_netdevice_notifier(&notifier);
	dde_set_idle_hook(NULL);
	cancel_work_sync(&carrier_task);
	tasklet_kill(&bridge.task);
	for (i = 0; i < N_FRAGS; i++)
		if (bridge.spare[i])
			__free_pages(bridge.spare[i], FRAG_ORDER);
}

module_init(net_init);
module_exit(net_exit);
MODULE_DESCRIPTION("DDEKit net bridge, kernel half");
MODULE_LICENSE("GPL");
