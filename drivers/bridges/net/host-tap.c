/* SPDX-License-Identifier: GPL-2.0-only */
/* Net bridge, host half: one system call per packet on the TAP. */
#include <errno.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include "host-tap.h"

#define TX_BUDGET 64 /* packets */

_Static_assert(sizeof(struct dde_iovec) == sizeof(struct iovec), "iovec layout");
_Static_assert(offsetof(struct dde_iovec, len) == offsetof(struct iovec, iov_len), "iovec layout");

struct net_tap {
	struct dde_net_down down; /* first: what the kernel half calls with */
	int fd;
	const struct dde_net_up *up;
	net_tap_event_fn on_event;
	void *arg;
};

static const struct net_tap *tap_of(const struct dde_net_down *down)
{
	return (const struct net_tap *)down;
}

static int64_t tap_rx(const struct dde_net_down *down, const struct dde_iovec *iov, uint32_t n)
{
	ssize_t r = writev(tap_of(down)->fd, (const struct iovec *)iov, (int)n);

	dde_host_count_syscalls(1);
	return r < 0 ? -errno : r;
}

/*
 * A TAP slows no sender down: while packets wait for us, the sender and the receiver wait
 * for a CPU, and the receiver's socket overflows. As the kernel's softirqs do after their
 * budget, this yields the CPU to them.
 */
static void tap_yield(void)
{
	static _Thread_local unsigned int packets;

	if (++packets % TX_BUDGET)
		return;
	sched_yield();
	dde_host_count_syscalls(1);
}

static int64_t tap_tx(const struct dde_net_down *down, const struct dde_iovec *iov, uint32_t n)
{
	ssize_t r = readv(tap_of(down)->fd, (const struct iovec *)iov, (int)n);

	dde_host_count_syscalls(1);
	if (r < 0)
		return -errno;
	tap_yield();
	return r;
}

/* The TAP is watched while the kernel half can read its packets. */
static int32_t tap_event(const struct dde_net_down *down, uint32_t event,
			 const struct dde_net_info *info)
{
	const struct net_tap *t = tap_of(down);
	int err = 0;

	if (event == DDE_NET_READY)
		err = dde_host_watch(t->fd, down->hwirq);
	else if (event == DDE_NET_GONE)
		dde_host_unwatch(t->fd);
	if (!err)
		t->on_event(t->arg, event, info);
	return err;
}

int net_tap_open(struct dde_host_plugin *plugin, int tap, uint32_t vnet_hdr,
		 net_tap_event_fn on_event, void *arg, struct net_tap **ret)
{
	struct dde_net_up *up = dde_host_plugin_symbol(plugin, DDE_NET_UP_SYMBOL);
	struct net_tap *t;
	int err;

	if (!up)
		return -ENOEXEC;
	if (up->version != DDE_NET_SEAM_VERSION)
		return -EPROTO;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct net_tap){
		.down = {
			.version = DDE_NET_SEAM_VERSION,
			.vnet_hdr = vnet_hdr,
			.rx = tap_rx,
			.tx = tap_tx,
			.event = tap_event,
		},
		.fd = tap,
		.up = up,
		.on_event = on_event,
		.arg = arg,
	};
	err = dde_host_irq_alloc(&t->down.hwirq);
	if (err) {
		free(t);
		return err;
	}
	up->down = &t->down;
	*ret = t;
	return 0;
}

const struct dde_net_up *net_tap_up(const struct net_tap *t)
{
	return t->up;
}

int net_tap_set_carrier(const struct net_tap *t, int up)
{
	return ioctl(t->fd, TUNSETCARRIER, &up) < 0 ? -errno : 0;
}
