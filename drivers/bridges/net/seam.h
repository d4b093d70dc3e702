/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam of the net bridge: kern.c (a kernel module, kernel world) on one
 * side, host-tap.c (host world, owns the TAP file descriptor) on the other.
 * Compiled in both worlds; includes only fixed-width integer types.
 */
#ifndef DDE_NET_SEAM_H
#define DDE_NET_SEAM_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define DDE_NET_SEAM_VERSION 2u

/* Laid out as struct iovec and struct kvec are. */
struct dde_iovec {
	void *base;
	uint64_t len;
};

/* What the host needs to know of the driver's interface. */
struct dde_net_info {
	char name[16];		/* the runtime's name, "eth0" */
	char driver[32];	/* "e1000e" */
	char pci[32];		/* "0000:01:00.0", empty if not PCI */
	uint8_t mac[6];
	uint16_t zero;
	uint32_t mtu;
	uint32_t min_mtu;
	uint32_t max_mtu;
	uint32_t speed;		/* Mbit/s, 0 if unknown */
	uint32_t duplex;	/* 0 half, 1 full, 255 unknown */
	uint32_t carrier;	/* 0 or 1 */
	uint32_t up;		/* IFF_UP */
	uint64_t features;	/* DDE_NET_F_* */
};

enum {
	DDE_NET_F_CSUM = 1u << 0,	/* transmit checksum offload */
	DDE_NET_F_TSO4 = 1u << 1,
	DDE_NET_F_TSO6 = 1u << 2,
	DDE_NET_F_SG = 1u << 3,
};

enum dde_net_event {
	DDE_NET_READY = 1,	/* interface found, opened; info is complete */
	DDE_NET_CARRIER = 2,	/* info->carrier, speed, duplex changed */
	DDE_NET_CHANGED = 3,	/* mac or mtu changed */
	DDE_NET_GONE = 4,	/* detached, or the driver unregistered its interface */
};

struct dde_net_stats {
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
	uint64_t multicast, collisions;
	uint64_t host_rx_frames;	/* TAP packets handed to the host */
	uint64_t host_tx_frames;	/* TAP packets taken from the host */
	uint64_t host_rx_failed;	/* writes the TAP refused */
	uint64_t host_tx_failed;	/* packets that could not be made an skb */
	uint64_t stalls;		/* times the in-flight limit was reached */
};

/* Down-calls, all on a CPU thread, with interrupts on or off; none blocks. */
struct dde_net_down {
	uint32_t version;	/* DDE_NET_SEAM_VERSION */
	uint32_t hwirq;		/* raised when the TAP becomes readable: once at least
				 * after each tx() that returned -EAGAIN */
	uint32_t vnet_hdr;	/* bytes of virtio_net_hdr before each packet: 0, 10 or 12 */
	uint32_t zero;
	/* Hands one packet to the host. Buffers borrowed for the call. On any CPU.
	 * Return: bytes, or negative errno. */
	int64_t (*rx)(const struct dde_iovec *iov, uint32_t n);
	/* Takes one packet from the host; one caller at a time.
	 * Return: bytes, -EAGAIN (none waits), other -errno. */
	int64_t (*tx)(const struct dde_iovec *iov, uint32_t n);
	/* info is borrowed for the call. Return: 0; of DDE_NET_READY also -errno,
	 * then the host cannot take packets and the attach fails. */
	int32_t (*event)(uint32_t event, const struct dde_net_info *info);
};

/* Up-calls: for dde_request.fn, that is in task context, may sleep. */
struct dde_net_up {
	uint32_t version;
	uint32_t zero;
	/* Set by the host between dlopen and plugin_load. */
	const struct dde_net_down *down;
	/* arg: NULL. Attach to the first Ethernet interface whose parent is a
	 * PCI device and open it. Return: 0, -ENODEV (there is none), -errno of
	 * the driver's open. */
	int64_t (*attach)(void *arg);
	int64_t (*detach)(void *arg);
	int64_t (*get_info)(void *arg);		/* arg: struct dde_net_info *, written */
	int64_t (*get_stats)(void *arg);	/* arg: struct dde_net_stats *, written */
	int64_t (*set_mtu)(void *arg);		/* arg: const uint32_t * */
	int64_t (*set_mac)(void *arg);		/* arg: const uint8_t[6] */
	int64_t (*set_promisc)(void *arg);	/* arg: const uint32_t *, 0 or 1 */
};

/* The symbol the host looks up in the bridge's plugin: struct dde_net_up */
#define DDE_NET_UP_SYMBOL "dde_net_up"

#endif
