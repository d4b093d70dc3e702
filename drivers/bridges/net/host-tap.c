/* SPDX-License-Identifier: GPL-2.0-only */
/* Net bridge, host half: one system call per packet on the TAP. */
#include <errno.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include "host-tap.h"

#define TX_BUDGET 64	/* packets */

_Static_assert(sizeof(struct dde_iovec) == sizeof(struct iovec), "iovec layout");
_Static_assert(offsetof(struct dde_iovec, len) == offsetof(struct iovec, iov_len), "iovec layout");

static struct {
	int tap;
	struct dde_net_up *up;
	struct dde_net_down down;
	void (*on_event)(uint32_t event, const struct dde_net_info *info);
} net = { .tap = -1 };

static int64_t net_rx(const struct dde_iovec *iov, uint32_t n)
{
	ssize_t r = writev(net.tap, (const struct iovec *)iov, (int)n);

	dde_host_count_syscalls(1);
	return r < 0 ? -errno : r;
}

/*
 * A TAP slows no sender down: while packets wait for us, whoever sends them and whoever is
 * to receive them waits for a CPU, and the latter's socket overflows.  As the kernel's
 * softirqs do after their budget, we let them have it.
 */
static void give_way(void)
{
	static _Thread_local unsigned int taken;

	if (++taken % TX_BUDGET)
		return;
	sched_yield();
	dde_host_count_syscalls(1);
}

static int64_t net_tx(const struct dde_iovec *iov, uint32_t n)
{
	ssize_t r = readv(net.tap, (const struct iovec *)iov, (int)n);

	dde_host_count_syscalls(1);
	if (r < 0)
		return -errno;
	give_way();
	return r;
}

/* The TAP is watched while the kernel half is there to take its packets. */
static int32_t net_event(uint32_t event, const struct dde_net_info *info)
{
	int err = 0;

	if (event == DDE_NET_READY)
		err = dde_host_watch(net.tap, net.down.hwirq);
	else if (event == DDE_NET_GONE)
		dde_host_unwatch(net.tap);
	if (!err)
		net.on_event(event, info);
	return err;
}

int net_bridge_open(struct dde_host_plugin *plugin, int tap, uint32_t vnet_hdr,
		    void (*on_event)(uint32_t event, const struct dde_net_info *info))
{
	struct dde_net_up *up = dde_host_plugin_symbol(plugin, DDE_NET_UP_SYMBOL);
	int err;

	if (!up)
		return -ENOEXEC;
	if (up->version != DDE_NET_SEAM_VERSION)
		return -EPROTO;
	net.tap = tap;
	net.up = up;
	net.down = (struct dde_net_down){
		.version = DDE_NET_SEAM_VERSION,
		.vnet_hdr = vnet_hdr,
		.rx = net_rx,
		.tx = net_tx,
		.event = net_event,
	};
	net.on_event = on_event;
	err = dde_host_irq_alloc(&net.down.hwirq);
	if (err)
		return err;
	up->down = &net.down;
	return 0;
}

const struct dde_net_up *net_bridge_up(void)
{
	return net.up;
}

int net_bridge_set_carrier(int up)
{
	return ioctl(net.tap, TUNSETCARRIER, &up) < 0 ? -errno : 0;
}
