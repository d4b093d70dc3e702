/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between ddekitd and a driver host, over one SOCK_SEQPACKET pair.
 * Both come from the same build; a version mismatch ends the connection.
 * ddekitd trusts nothing a host sends: every message is checked for type,
 * length and range, and a bad one costs the host its life.
 *
 * ddekitd sends PROTO_SETUP first, with the fds: [0] the log pipe's write end,
 * [1] the TAP (or -, see tap), three of the disks' ring (or -, see ring): its memory,
 * the eventfd from front to back, that from back to front; then those of the handover
 * in order.  The host
 * answers with PROTO_STATE messages as it gets on, sends PROTO_HEARTBEAT, and
 * one PROTO_REPLY for each PROTO_REQUEST; PROTO_TEXT in its place for those that
 * are answered with text.  Too many messages in a second cost it its life; the one
 * reply to a request that waits for it does not count.
 *
 * Log pipe: lines "<N>text\n", N the kernel's level 0..7; written without
 * blocking; lines lost are counted and reported by a line of their own.  A
 * runtime that dies says why in a line that begins with PROTO_LAST_WORDS.
 */
#ifndef DDEKIT_HOST_PROTO_H
#define DDEKIT_HOST_PROTO_H

#include <stdbool.h>
#include <stdint.h>
#include <ddekit/pci.h>

#define PROTO_VERSION 6u
#define PROTO_LAST_WORDS "ddekit-host: runtime died: "
#define PROTO_FD 3		/* the host's end of the socket, inherited */
#define PROTO_RING_FDS 3	/* see ring */
#define PROTO_MAX_FDS (2 + PROTO_RING_FDS + DDEKIT_HANDOVER_FDS)
#define PROTO_MAX_PLUGINS 16
#define PROTO_MAX_CPUS 8
#define PROTO_PATH 256
#define PROTO_ARGS 512
#define PROTO_TEXT_MAX 16000

enum proto_type {
	PROTO_SETUP = 1,	/* to host */
	PROTO_REQUEST = 2,	/* to host */
	PROTO_STATE = 3,	/* to ddekitd */
	PROTO_NET = 4,		/* to ddekitd */
	PROTO_HEARTBEAT = 5,	/* to ddekitd */
	PROTO_REPLY = 6,	/* to ddekitd */
	PROTO_TEXT = 7,		/* to ddekitd */
	PROTO_DISK = 8,		/* to ddekitd */
};

struct proto_header {
	uint32_t version;
	uint32_t type;
	uint32_t len;		/* of the whole message */
	uint32_t seq;		/* of a request and its reply; else 0 */
};

struct proto_plugin {
	char path[PROTO_PATH];	/* absolute */
	char args[PROTO_ARGS];	/* module parameters */
};

/* In proto_setup.confine: what the host is to take from itself. */
enum {
	CONFINE_SANDBOX = 1,	/* see sandbox.h */
	CONFINE_CORE = 2,	/* a core dump is wanted when it dies */
};

/* Followed by struct ddekit_handover. */
struct proto_setup {
	struct proto_header h;
	char runtime[PROTO_PATH];	/* libdde-linux.so, or that for several CPUs */
	char plugin_dir[PROTO_PATH];	/* where request_module() looks */
	char firmware_dir[PROTO_PATH];
	char cmdline[PROTO_ARGS];	/* appended to the host's own */
	char bridge[16];		/* "net", "block"; empty: none */
	uint32_t tap;			/* 1: the second fd is a TAP */
	uint32_t ring;			/* 1: the next PROTO_RING_FDS are of struct
					 * dde_block_ring, DDE_BLOCK_TOTAL bytes */
	uint32_t vnet_hdr;		/* bytes, 0, 10 or 12 */
	uint32_t heartbeat_ms;		/* 0: none */
	uint32_t nr_cpus;		/* 1..PROTO_MAX_CPUS */
	uint32_t n_plugins;		/* in load order, dependencies first, the
					 * driver's own last, then the bridge's */
	uint32_t confine;		/* CONFINE_... */
	struct proto_plugin plugins[PROTO_MAX_PLUGINS];
	struct ddekit_handover handover;
};

enum proto_state {
	STATE_ADOPTED = 1,	/* device adopted */
	STATE_BOOTED = 2,	/* runtime's initcalls done */
	STATE_LOADED = 3,	/* all plugins' init returned 0 */
	STATE_READY = 4,	/* bridge attached: the device serves the host */
	STATE_FAILED = 5,	/* error, text says why; the host exits next */
	STATE_STOPPED = 6,	/* after OP_STOP; the host exits next */
};

struct proto_state_msg {
	struct proto_header h;
	uint32_t state;
	int32_t error;		/* negative errno with STATE_FAILED */
	uint64_t mono_ns;	/* when */
	uint64_t rss_kb;
	char release[32];	/* kernel release of the runtime, from STATE_BOOTED on */
	char text[256];
};

struct proto_net {		/* whenever something changed */
	struct proto_header h;
	char ifname[16];	/* inside the runtime */
	char driver[32];
	uint8_t mac[6];
	uint8_t carrier;
	uint8_t duplex;		/* 0 half, 1 full, 255 unknown */
	uint32_t mtu;
	uint32_t min_mtu;
	uint32_t max_mtu;
	uint32_t speed;		/* Mbit/s, 0 unknown */
	uint64_t features;
	uint64_t mono_ns;
};

enum proto_disk_event {
	DISK_PRESENT = 1,	/* it is there, also after another of this index has gone */
	DISK_CHANGED = 2,
	DISK_GONE = 3,		/* only its name and index mean something */
};

/* A disk as in dde_block_ring.disk[index]; whenever something of it changed.  The disks
 * that the driver has found by then come before STATE_READY, others later. */
struct proto_disk {
	struct proto_header h;
	uint32_t index;		/* below DDE_BLOCK_DISKS */
	uint32_t event;		/* enum proto_disk_event */
	uint32_t flags;		/* DDE_BLOCK_D_* */
	uint32_t logical_block;
	uint32_t physical_block;
	uint32_t zero;
	uint64_t bytes;
	uint64_t mono_ns;
	char name[32];		/* inside the runtime */
	char driver[32];
	char model[64];
	char serial[64];
	char wwid[96];
};

struct proto_heartbeat {
	struct proto_header h;
	uint64_t count;		/* counted by a timer inside the runtime */
};

enum proto_op {
	OP_STOP = 1,		/* shut the driver down and exit */
	OP_STATS = 2,
	OP_SET_MTU = 3,		/* value */
	OP_SET_PROMISC = 4,	/* value */
	OP_SET_MAC = 5,		/* mac */
	OP_SET_ARGS = 6,	/* text: parameters of plugin number value, for OP_RELOAD */
	OP_RELOAD = 7,		/* unload the driver, load it again: STATE_BOOTED, LOADED
				 * and READY follow, or STATE_FAILED */
	OP_PARAM = 8,		/* text: "MODULE.PARAMETER[=VALUE]", empty: list all of
				 * them; answered with text */
	OP_MODULES = 9,		/* answered with text */
	OP_COUNTERS = 10,	/* as OP_STATS, with what the kernel holds */
	OP_SAY_STATE = 11,	/* to a host that another ddekitd started: PROTO_STATE, and
				 * PROTO_NET if it has an interface, PROTO_DISK for each
				 * disk (DISK_PRESENT), come again */
	OP_PAGE = 12,		/* text: name of a page, a space, its number (see
				 * dde_devpage); answered with text: its bytes, two
				 * hexadecimal digits each */
};

/* Is it answered with PROTO_TEXT? */
static inline bool proto_wants_text(uint32_t op)
{
	return op == OP_PARAM || op == OP_MODULES || op == OP_PAGE;
}

struct proto_request {
	struct proto_header h;
	uint32_t op;
	uint32_t value;
	uint8_t mac[6];
	uint16_t zero;
	char text[PROTO_ARGS];
};

struct proto_stats {
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped;
	uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
	uint64_t multicast, collisions;
	uint64_t host_rx_frames, host_tx_frames, host_rx_failed, host_tx_failed, stalls;
	uint64_t mmio_reads, mmio_writes, config_accesses;
	uint64_t irqs, ticks, idle_waits, syscalls;	/* syscalls: made by the host half */
	uint64_t cpu_ns;	/* CPU time of the process */
	uint64_t rss_kb;
	/* With OP_COUNTERS, else 0: as struct dde_counters. */
	uint64_t pages_total, pages_free, slab_pages, vmalloc_pages;
	uint64_t irq_descriptors, irq_handlers, tasks, modules;
};

struct proto_reply {
	struct proto_header h;
	int32_t error;		/* 0 or negative errno */
	uint32_t zero;
	struct proto_stats stats;	/* with OP_STATS, OP_COUNTERS */
};

/* Sent with as much of text as there is, its NUL included. */
struct proto_text {
	struct proto_header h;
	int32_t error;		/* 0 or negative errno; then text is empty */
	uint32_t mode;		/* of one parameter: as of its file, 0644 */
	char text[PROTO_TEXT_MAX];	/* a value; or lines, see seam.h */
};

#endif
