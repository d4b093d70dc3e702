/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between ddekitd and a driver host, over one SOCK_SEQPACKET pair.
 * Both come from the same build; a version mismatch ends the connection.
 * ddekitd trusts nothing a host sends: every message is checked for type,
 * length and range, and a bad one costs the host its life.
 *
 * ddekitd sends PROTO_SETUP first, with the fds: the log pipe's write end, those of the
 * device's class (n_class_fds), those of the handover, each in order.  The host answers
 * with PROTO_STATE messages as it gets on, sends PROTO_HEARTBEAT, PROTO_EXPORT whenever
 * something of an export has changed, and one PROTO_REPLY for each PROTO_REQUEST;
 * PROTO_TEXT in its place for those that are answered with text.  Too many messages in a
 * second cost it its life; the one reply to a request that waits for it does not count.
 *
 * What belongs to one class of devices is opaque here (class_setup, data, class_stats):
 * see drivers/bridges/CLASS/protocol.h.
 *
 * Log pipe: lines "<N>text\n", N the kernel's level 0..7; written without
 * blocking; lines lost are counted and reported by a line of their own.  A
 * runtime that dies says why in a line that begins with PROTO_LAST_WORDS.
 */
#ifndef DDEKIT_PROTOCOL_HOST_H
#define DDEKIT_PROTOCOL_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <ddekit/pci.h>

#define PROTO_VERSION 8u
#define PROTO_LAST_WORDS "ddekit-host: runtime died: "
#define PROTO_FD 3        /* the host's end of the socket, inherited */
#define PROTO_CLASS_FDS 3 /* at most */
#define PROTO_MAX_FDS (1 + PROTO_CLASS_FDS + DDEKIT_HANDOVER_FDS)
#define PROTO_CLASS_NAME 16
#define PROTO_CLASS_BYTES 64 /* of a set-up or request of a class */
#define PROTO_CLASS_STATS 32
#define PROTO_EXPORT_BYTES 512 /* at most */
#define PROTO_MAX_PLUGINS 16
#define PROTO_MAX_CPUS 8
#define PROTO_PATH 256
#define PROTO_ARGS 512
#define PROTO_TEXT_MAX 16000
#define PROTO_SMBIOS 4096

enum proto_type {
	PROTO_SETUP = 1,     /* to host */
	PROTO_REQUEST = 2,   /* to host */
	PROTO_STATE = 3,     /* to ddekitd */
	PROTO_EXPORT = 4,    /* to ddekitd */
	PROTO_HEARTBEAT = 5, /* to ddekitd */
	PROTO_REPLY = 6,     /* to ddekitd */
	PROTO_TEXT = 7,      /* to ddekitd */
};

struct proto_header {
	uint32_t version;
	uint32_t type;
	uint32_t len; /* of the whole message */
	uint32_t seq; /* of a request and its reply; else 0 */
};

/* In proto_plugin.role. */
enum {
	PLUGIN_DRIVER = 1, /* the driver: messages name it */
	PLUGIN_BRIDGE = 2, /* has the up-calls of the class's bridge */
	PLUGIN_STAYS = 4,  /* OP_RELOAD does not unload it: the bridge and what it uses */
};

struct proto_plugin {
	uint32_t role;         /* PLUGIN_… */
	char path[PROTO_PATH]; /* absolute */
	char args[PROTO_ARGS]; /* module parameters */
};

/* In proto_setup.confine: how the driver host has to confine itself. */
enum {
	CONFINE_SANDBOX = 1, /* see sandbox.h */
	CONFINE_CORE = 2,    /* a core dump is wanted when it dies */
};

struct proto_setup {
	struct proto_header h;
	char runtime[PROTO_PATH];    /* libdde-linux.so, or that for several CPUs */
	char plugin_dir[PROTO_PATH]; /* where request_module() looks */
	char firmware_dir[PROTO_PATH];
	char cmdline[PROTO_ARGS];     /* appended to the host's own */
	char class[PROTO_CLASS_NAME]; /* of the bridge, as in its recipe; empty: no bridge */
	uint8_t class_setup[PROTO_CLASS_BYTES];
	uint32_t n_class_fds;
	uint32_t heartbeat_ms; /* 0: no heartbeat */
	uint32_t nr_cpus;      /* 1..PROTO_MAX_CPUS */
	uint32_t n_plugins;    /* in load order, dependencies first */
	uint32_t confine;      /* CONFINE_... */
	struct proto_plugin plugins[PROTO_MAX_PLUGINS];
	uint32_t n_smbios; /* bytes of smbios, see dde_boot; 0: none */
	uint8_t smbios[PROTO_SMBIOS];
	struct ddekit_handover handover;
};

enum proto_state {
	STATE_ADOPTED = 1, /* device adopted */
	STATE_BOOTED = 2,  /* runtime's initcalls done */
	STATE_LOADED = 3,  /* all plugins' init returned 0 */
	STATE_READY = 4,   /* bridge attached: the device serves the host */
	STATE_FAILED = 5,  /* error, text says why; the host exits next */
	STATE_STOPPED = 6, /* after OP_STOP; the host exits next */
};

struct proto_state_msg {
	struct proto_header h;
	uint32_t state;
	int32_t error;    /* negative errno with STATE_FAILED */
	uint64_t mono_ns; /* when */
	uint64_t rss_kb;
	char release[32]; /* kernel release of the runtime, from STATE_BOOTED on */
	char text[256];
};

/* What a device presents to the host: an interface, a disk …  The exports that the driver
 * has found by then come before STATE_READY, others later.  Sent with as much of data as
 * the class's protocol.h says. */
struct proto_export {
	struct proto_header h;
	char class[PROTO_CLASS_NAME];
	uint32_t index; /* which of the class's exports */
	uint32_t zero;
	uint64_t mono_ns;
	uint64_t data[PROTO_EXPORT_BYTES / sizeof(uint64_t)];
};

struct proto_heartbeat {
	struct proto_header h;
	uint64_t count; /* counted by a timer inside the runtime */
};

enum proto_op {
	OP_STOP = 1, /* shut the driver down and exit */
	OP_STATS = 2,
	OP_CLASS = 3,      /* data: of the class */
	OP_SET_ARGS = 6,   /* text: parameters of plugin number value, for OP_RELOAD */
	OP_RELOAD = 7,     /* unload the driver, load it again: STATE_BOOTED, LOADED
				 * and READY follow, or STATE_FAILED */
	OP_PARAM = 8,      /* text: "MODULE.PARAMETER[=VALUE]", empty: list all of
				 * them; answered with text */
	OP_MODULES = 9,    /* answered with text */
	OP_COUNTERS = 10,  /* as OP_STATS, with what the kernel holds */
	OP_SAY_STATE = 11, /* to a host that another ddekitd started: PROTO_STATE, and
				 * PROTO_EXPORT for each export that is there, come again */
	OP_PAGE = 12,      /* text: name of a page, a space, its number (see
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
	uint8_t data[PROTO_CLASS_BYTES];
	char text[PROTO_ARGS];
};

/*
 * Statistics of a driver host, whatever its class: the name; how it is called in
 * OpenMetrics (NULL: it is not there), whether it can fall, its unit, the factor to that,
 * its help text.
 */
#define PROTO_HOST_STATS(X) \
	X(mmio_reads, "mmio_reads", false, NULL, 1, "Reads of device registers.") \
	X(mmio_writes, "mmio_writes", false, NULL, 1, "Writes of device registers.") \
	X(config_accesses, NULL, false, NULL, 1, NULL) \
	X(irqs, "interrupts", false, NULL, 1, "Interrupts of the device.") \
	X(ticks, NULL, false, NULL, 1, NULL) \
	X(idle_waits, NULL, false, NULL, 1, NULL) \
	X(syscalls, NULL, false, NULL, 1, NULL) /* made by the host half */ \
	X(cpu_ns, "cpu_seconds", false, "seconds", 1e-9, "CPU time of the driver host.") \
	X(rss_kb, "resident_memory_bytes", true, "bytes", 1024, "Memory of the driver host.")

/* What the kernel in it holds: with OP_COUNTERS, else 0. As struct dde_counters. */
#define PROTO_KERNEL_STATS(X) \
	X(pages_total) \
	X(pages_free) \
	X(slab_pages) \
	X(vmalloc_pages) \
	X(irq_descriptors) \
	X(irq_handlers) \
	X(tasks) \
	X(modules)

struct proto_stats {
	uint64_t class_stats[PROTO_CLASS_STATS]; /* those that the class names */
#define X(name, ...) uint64_t name;
	PROTO_HOST_STATS(X)
	PROTO_KERNEL_STATS(X)
#undef X
};

struct proto_reply {
	struct proto_header h;
	int32_t error; /* 0 or negative errno */
	uint32_t zero;
	struct proto_stats stats; /* with OP_STATS, OP_COUNTERS */
};

/* Sent with as much of text as there is, its NUL included. */
struct proto_text {
	struct proto_header h;
	int32_t error;             /* 0 or negative errno; then text is empty */
	uint32_t mode;             /* of one parameter: as of its file, 0644 */
	char text[PROTO_TEXT_MAX]; /* a value; or lines, see seam.h */
};

#endif
