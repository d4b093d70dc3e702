// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts frames of an ethertype without other users and drops them, as the stack does: measures
 * the path from the wire to the stack.  Builds for any kernel.  Prints "dde_rxcount: N frames in
 * T ns" once it has seen them.
 */
#include <linux/if_ether.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include "seam.h"

static uint skip = 1000;
module_param(skip, uint, 0444);
MODULE_PARM_DESC(skip, "frames before the first counted one");

static uint count = 100000;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "frames to count");

static uint ethertype = 0x88b5;
module_param(ethertype, uint, 0444);
MODULE_PARM_DESC(ethertype, "of the frames to count");

static u64 seen, first_ns;

/* In softirq context of the one CPU that polls the interface. */
static int count_frame(struct sk_buff *skb, struct net_device *dev, struct packet_type *type,
		       struct net_device *orig)
{
	seen++;
	if (seen == skip + 1) {
		first_ns = ktime_get_ns();
		mark(MARK_START);
	} else if (seen == (u64)skip + count + 1) {
		mark(MARK_STOP);
		pr_info("dde_rxcount: %u frames in %llu ns\n", count, ktime_get_ns() - first_ns);
	}
	kfree_skb(skb);
	return NET_RX_DROP;
}

static struct packet_type handler = { .func = count_frame };

static int __init dde_rxcount_init(void)
{
	if (!count || ethertype < ETH_P_802_3_MIN || ethertype > U16_MAX)
		return -EINVAL;
	handler.type = htons(ethertype);
	dev_add_pack(&handler);
	return 0;
}
module_init(dde_rxcount_init);

static void __exit dde_rxcount_exit(void)
{
	dev_remove_pack(&handler);
}
module_exit(dde_rxcount_exit);

MODULE_DESCRIPTION("Counts received frames, for benchmarks");
MODULE_LICENSE("GPL");
