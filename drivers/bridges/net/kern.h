/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel half's files share. Kernel world. */
#ifndef DDE_NET_KERN_H
#define DDE_NET_KERN_H

#include <linux/interrupt.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include "compat.h"
#include "seam.h"

#define TX_INFLIGHT_MAX (384 * 1024) /* bytes of skb truesize at the driver */
#define TX_FRAG_ORDER 3
#define TX_N_FRAGS 2 /* of PAGE_SIZE << TX_FRAG_ORDER each */

struct bridge {
	struct net_device *dev;
	const struct dde_net_down *down;
	int virq;
	atomic_t inflight;
	bool stalled;                   /* the tasklet waits for inflight to fall */
	bool moved;                     /* the driver has completed a packet since tx_watch() */
	bool stuck_reported;            /* the driver was told that it is stuck */
	u16 queue;                      /* of the last packet */
	bool carrier;                   /* as last reported to the host */
	struct sk_buff *held;           /* the driver's queue was full */
	struct page *spare[TX_N_FRAGS]; /* filled by the next large packet */
	struct timer_list retry;
	struct timer_list watch;
	struct tasklet_struct task;
};

extern struct bridge bridge;

/* What dde_net_stats has of the bridge's own, counted on each CPU. */
struct bridge_counts {
#define X(name, ...) u64 name;
	DDE_NET_BRIDGE_STATS(X)
#undef X
};

DECLARE_PER_CPU(struct bridge_counts, bridge_counts);

/* In softirq context. */
#define bridge_count(member) __this_cpu_inc(bridge_counts.member)

/* kern-tx.c: the tasklet that reads packets from the TAP, and its memory. */
void tx_init(struct bridge *b);
void tx_finish(struct bridge *b);
/* kern-rx.c: receives every frame of the driver. */
rx_handler_result_t rx_handler(struct sk_buff **pskb);

#endif
