// SPDX-License-Identifier: GPL-2.0-only
/* Net bridge, kernel half, from the wire to the host: after GRO, with a virtio_net_hdr. */
#include <linux/if_vlan.h>
#include <linux/virtio_net.h>
#include "kern.h"

#define RX_IOVS 72

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
	skb_walk_frags(skb, part)
	{
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
	r = b->down->rx(b->down, v, n);
	return r < 0 ? r : 0;
}

rx_handler_result_t rx_handler(struct sk_buff **pskb)
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
	bridge_count(host_rx_frames);
	if (rx_to_host(b, skb)) {
		bridge_count(host_rx_failed);
		kfree_skb(skb);
	} else {
		consume_skb(skb);
	}
	/* The host answers large packets at once: look before going to sleep. */
	if (answer)
		tasklet_schedule(&b->task);
	return RX_HANDLER_CONSUMED;
}
