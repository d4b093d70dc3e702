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

#define DDE_NET_SEAM_VERSION 3u

/* Laid out as struct iovec and struct kvec are. */
struct dde_iovec {
	void *base;
	uint64_t len;
};

/* What the host needs to know of the driver's interface. */
struct dde_net_info {
	char name[16];   /* the runtime's name, "eth0" */
	char driver[32]; /* "e1000e" */
	char pci[32];    /* "0000:01:00.0", empty if not PCI */
	uint8_t mac[6];
	uint16_t zero;
	uint32_t mtu;
	uint32_t min_mtu;
	uint32_t max_mtu;
	uint32_t speed;    /* Mbit/s, 0 if unknown */
	uint32_t duplex;   /* 0 half, 1 full, 255 unknown */
	uint32_t carrier;  /* 0 or 1 */
	uint32_t up;       /* IFF_UP */
	uint64_t features; /* DDE_NET_F_* */
};

enum {
	DDE_NET_F_CSUM = 1u << 0, /* transmit checksum offload */
	DDE_NET_F_TSO4 = 1u << 1,
	DDE_NET_F_TSO6 = 1u << 2,
	DDE_NET_F_SG = 1u << 3,
};

enum dde_net_event {
	DDE_NET_READY = 1,   /* interface found, opened; info is complete */
	DDE_NET_CARRIER = 2, /* info->carrier, speed, duplex changed */
	DDE_NET_CHANGED = 3, /* mac or mtu changed */
	DDE_NET_GONE = 4,    /* detached, or the driver unregistered its interface */
};

/*
 * Statistics: the name, how it is called in OpenMetrics (NULL: it is not there) with unit
 * and help text. DDE_NET_LINK_STATS are the driver's own, named as in struct
 * rtnl_link_stats64; DDE_NET_BRIDGE_STATS are counted by the kernel half.
 */
#define DDE_NET_LINK_STATS(X) \
	X(rx_packets, "receive_packets", NULL, "Packets received.") \
	X(rx_bytes, "receive_bytes", "bytes", "Bytes received.") \
	X(rx_errors, "receive_errors", NULL, "Bad packets received.") \
	X(rx_dropped, "receive_dropped", NULL, "Received packets dropped.") \
	X(tx_packets, "transmit_packets", NULL, "Packets sent.") \
	X(tx_bytes, "transmit_bytes", "bytes", "Bytes sent.") \
	X(tx_errors, "transmit_errors", NULL, "Packets not sent because of errors.") \
	X(tx_dropped, "transmit_dropped", NULL, "Packets dropped before sending.") \
	X(multicast, NULL, NULL, NULL) \
	X(collisions, NULL, NULL, NULL)

#define DDE_NET_BRIDGE_STATS(X) \
	X(host_rx_frames, NULL, NULL, NULL) /* packets written to the TAP */ \
	X(host_tx_frames, NULL, NULL, NULL) /* packets read from the TAP */ \
	X(host_rx_failed, NULL, NULL, NULL) /* writes that the TAP refused */ \
	X(host_tx_failed, NULL, NULL, NULL) /* packets that could not be made an skb */ \
	X(stalls, NULL, NULL, NULL)         /* times the in-flight limit was reached */

struct dde_net_stats {
#define X(name, ...) uint64_t name;
	DDE_NET_LINK_STATS(X)
	DDE_NET_BRIDGE_STATS(X)
#undef X
};

/* Down-calls, all on a CPU thread, with interrupts on or off; none blocks. Each gets the
 * table that it was found in. The kernel half has one bridge for each runtime. */
struct dde_net_down {
	uint32_t version;  /* DDE_NET_SEAM_VERSION */
	uint32_t hwirq;    /* raised when the TAP becomes readable: once at least
				 * after each tx() that returned -EAGAIN */
	uint32_t vnet_hdr; /* bytes of virtio_net_hdr before each packet: 0, 10 or 12 */
	uint32_t zero;
	/* Hands one packet to the host. Buffers borrowed for the call. On any CPU.
	 * Return: bytes, or negative errno. */
	int64_t (*rx)(const struct dde_net_down *down, const struct dde_iovec *iov, uint32_t n);
	/* Reads one packet from the host; one caller at a time.
	 * Return: bytes, -EAGAIN (none waits), other -errno. */
	int64_t (*tx)(const struct dde_net_down *down, const struct dde_iovec *iov, uint32_t n);
	/* info is borrowed for the call. Return: 0; of DDE_NET_READY also -errno,
	 * then the host cannot take packets and the attach fails. */
	int32_t (*event)(const struct dde_net_down *down, uint32_t event,
			 const struct dde_net_info *info);
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
	int64_t (*get_info)(void *arg);    /* arg: struct dde_net_info *, written */
	int64_t (*get_stats)(void *arg);   /* arg: struct dde_net_stats *, written */
	int64_t (*set_mtu)(void *arg);     /* arg: const uint32_t * */
	int64_t (*set_mac)(void *arg);     /* arg: const uint8_t[6] */
	int64_t (*set_promisc)(void *arg); /* arg: const uint32_t *, 0 or 1 */
};

/* The symbol the host looks up in the bridge's plugin: struct dde_net_up */
#define DDE_NET_UP_SYMBOL "dde_net_up"

#endif
