// SPDX-License-Identifier: GPL-2.0-only
/*
 * Net bridge, kernel half, from the host to the wire.  The bridge takes the
 * place of the queue discipline: packets go to the driver in batches with "more
 * to come" set, which saves a doorbell write per packet.  Packets wait in the
 * TAP, not here: at most one is held, and TX_INFLIGHT_MAX bytes at the driver.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/virtio_net.h>
#include <net/sock.h>
#include "kern.h"

#define BATCH 64   /* packets per run of the tasklet */
#define SMALL 1792 /* bytes that a packet's linear part holds */
#define FRAG_SIZE (PAGE_SIZE << TX_FRAG_ORDER)
#define RETRY_JIFFIES msecs_to_jiffies(10)

/* Called when the driver is done with a packet, on any CPU. */
static void tx_done(struct sk_buff *skb)
{
	struct bridge *b = &bridge;
	int size = (int)(long)skb_shinfo(skb)->destructor_arg;
	int left = atomic_sub_return(size, &b->inflight);

	WRITE_ONCE(b->moved, true);
	if (READ_ONCE(b->stalled) && left < TX_INFLIGHT_MAX / 2) {
		WRITE_ONCE(b->stalled, false);
		tasklet_schedule(&b->task);
	}
}

static bool tx_may_go(struct bridge *b)
{
	if (atomic_read(&b->inflight) < TX_INFLIGHT_MAX)
		return true;
	bridge_count(stalls);
	WRITE_ONCE(b->stalled, true);
	smp_mb(); /* pairs with the order in tx_done(): count, then flag */
	if (atomic_read(&b->inflight) >= TX_INFLIGHT_MAX / 2)
		return false;
	WRITE_ONCE(b->stalled, false);
	return true;
}

static bool tx_fill_spare(struct bridge *b)
{
	int i;

	for (i = 0; i < TX_N_FRAGS; i++) {
		if (b->spare[i])
			continue;
		b->spare[i] = alloc_pages(GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN, TX_FRAG_ORDER);
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
	struct dde_iovec iov[2 + TX_N_FRAGS];
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
	for (i = 0; i < TX_N_FRAGS; i++)
		iov[n++] = (struct dde_iovec){ page_address(b->spare[i]), FRAG_SIZE };
	len = b->down->tx(b->down, iov, n);
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

	b->queue = q;
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
		bridge_count(host_tx_failed);
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
			bridge_count(host_tx_frames);
			skb = tx_prepare(b, skb);
			continue;
		}
		if (*err != -EBADMSG)
			break;
		bridge_count(host_tx_failed);
	}
	return skb;
}

/*
 * While the driver has packets, it must complete one within its time limit.  The kernel's
 * own watchdog only looks at when a queue was last stopped: it misses a driver that stops
 * its queue again and again (e1000, when its device hangs), or never.
 */
static void tx_watch(struct bridge *b)
{
	if (!b->held && !atomic_read(&b->inflight))
		return;
	if (!b->dev->netdev_ops->ndo_tx_timeout || timer_pending(&b->watch))
		return;
	WRITE_ONCE(b->moved, false);
	mod_timer(&b->watch, jiffies + b->dev->watchdog_timeo);
}

static bool tx_is_stuck(struct bridge *b)
{
	return !READ_ONCE(b->moved) && (b->held || atomic_read(&b->inflight)) && tx_wanted(b);
}

/*
 * After ndo_tx_timeout the driver has twice its time limit to restore its link.  It cannot
 * if its device raises no interrupts any more: then a new process takes over.
 */
static void tx_watched(struct timer_list *t)
{
	struct bridge *b = from_timer(b, t, watch);
	struct net_device *dev = b->dev;
	bool stuck = tx_is_stuck(b);

	if (b->stuck_reported && (stuck || !tx_wanted(b)))
		panic("net bridge: %s is stuck, its driver did not mend it", dev->name);
	b->stuck_reported = stuck;
	if (!stuck) {
		tx_watch(b);
		return;
	}
	netdev_crit(dev, "net bridge: queue %u is stuck, the driver is told\n", b->queue);
	netif_tx_lock(dev);
	dev->netdev_ops->ndo_tx_timeout(dev, b->queue);
	netif_tx_unlock(dev);
	mod_timer(&b->watch, jiffies + 2 * dev->watchdog_timeo);
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
			list_append(b->held, ahead); /* keeps its place */
			break;
		}
		skb = ahead;
	}
	if (i > BATCH)
		tasklet_schedule(&b->task);
	else if (err == -ENOMEM)
		mod_timer(&b->retry, jiffies + RETRY_JIFFIES);
	tx_watch(b);
}

static void tx_retry(struct timer_list *t)
{
	struct bridge *b = from_timer(b, t, retry);

	tasklet_schedule(&b->task);
}

void tx_init(struct bridge *b)
{
	BUILD_BUG_ON(SMALL + TX_N_FRAGS * FRAG_SIZE < 65536 + VLAN_ETH_HLEN);
	tasklet_setup(&b->task, tx_run);
	timer_setup(&b->retry, tx_retry, 0);
	timer_setup(&b->watch, tx_watched, 0);
}

void tx_finish(struct bridge *b)
{
	int i;

	tasklet_kill(&b->task);
	for (i = 0; i < TX_N_FRAGS; i++)
		if (b->spare[i])
			__free_pages(b->spare[i], TX_FRAG_ORDER);
}
