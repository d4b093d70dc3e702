/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device of ddekitd and its state machine:
 *
 *   configured → claiming → starting → up → stopping → configured
 *                    │          │       └→ restarting → up
 *                    └──────────┴──────────────┴→ failed
 *
 *   configured  known, nothing taken
 *   claiming    being taken from the system; its plugin and TAP are got ready
 *   starting    its first driver host is on its way
 *   up          the driver serves the host
 *   stopping    the driver is being shut down
 *   restarting  the driver host died or is being replaced; claim and TAP live on
 *   failed      given up; error says why. Nothing is held, but for on-failure=quiesce
 *               the claim of a device that had served
 *   absent      not in the machine; claimed once it is (hotplug.h)
 *
 *   device.c        the machine
 *   device-reload.c restart in place
 *   device-claim.c  claim, lock, which plugin
 *   device-host.c   the driver host: set-up, messages, statistics
 *   device-net.c    TAP and link
 *   device-block.c  disks and their front
 *   device-keep.c   what outlives ddekitd, and device-adopt.c, which goes on with it
 */
#ifndef DDEKITD_DEVICE_H
#define DDEKITD_DEVICE_H

#include "catalog.h"
#include "config.h"
#include "control.h"
#include "hostproc.h"
#include "logring.h"
#include "netlink.h"
#include "tap.h"

struct device_block;
struct manager;
struct netsave;

/* What is to come once the host has stopped. */
enum device_want { WANT_UP, WANT_RESTART, WANT_DOWN, WANT_GONE, WANT_CONFIG };

/* Which module files with which parameters, got from the catalogue. */
struct device_plugin {
	char *name;
	char *class;
	char *bridge;			/* "net", or NULL */
	struct strv path;		/* absolute, in load order */
	struct strv args;		/* of the same length */
};

/* Nanoseconds of the monotonic clock; 0: not yet. */
struct device_times {
	uint64_t claim_start, claim_end;
	uint64_t died, quiet;		/* the host before this one; then the device */
	uint64_t host_start;		/* of the present host, as all below */
	uint64_t state[STATE_STOPPED + 1];	/* by enum proto_state */
	uint64_t link;			/* first carrier */
};

struct device {
	struct manager *manager;
	struct device_config *config;
	struct device_config *next_config;	/* takes effect once it is down */
	bool transient;			/* bound at run time, in no file */
	bool staged;			/* its drop-in is to be kept once it is up (bind.c) */
	bool force;			/* claimed whoever uses it */
	bool held;			/* given up, but its claim is kept: on-failure=quiesce */
	struct device_config *bind_before;	/* back to that if a bind fails, or NULL */
	enum device_state state;
	uint64_t state_since;		/* wall ns */
	enum device_want want;
	char *error;			/* why it failed; NULL unless failed */
	char *last_failure;		/* why its host died the last time, or NULL */
	char *crash_report;		/* path of the file about that, or NULL */
	char *verdict;			/* set: the host's death means failure, for this reason */
	sd_event_source *timer;

	struct ddekit_claim *claim;
	sd_event_source *claim_death;
	struct ddekit_before before;	/* of a claim that was lost, until the next */
	struct netsave *saved;		/* of the kernel's interface; NULL: it had none */
	int lock;			/* fd of the lock file */
	char modalias[96];		/* empty: not known */
	struct device_plugin plugin;

	int tap;			/* -1: none */
	struct link_watch *watch;
	struct link_state link;
	bool link_known;
	bool mac_by_admin;		/* somebody gave the TAP another MAC */

	struct device_block *block;	/* its disks; NULL: of another class */

	struct host *host;
	sd_event_source *heartbeat;
	uint64_t last_beat;
	uint64_t stats_asked;		/* mono ns, for the crash report */
	char release[32];
	uint64_t rss_kb;		/* of the last state message */
	struct proto_net net;
	bool net_known;

	int keep;			/* what the next ddekitd is told; -1: nothing */
	bool plugin_old;		/* chosen by the ddekitd before this one */

	bool was_up;			/* since the claim */
	bool quiet;			/* since the host's end */
	uint64_t failures[101];		/* mono ns of early failures in the window */
	uint32_t n_failures;		/* of them */
	uint32_t n_in_a_row;		/* early failures since it last served */
	uint64_t restarts;
	uint64_t reloads;		/* restarts in place, in the same process */
	bool reloading;			/* one is under way */
	uint64_t outage_start;		/* mono ns of the death being got over; 0: none */
	uint64_t last_outage;		/* ns from death to link; 0: none yet */
	uint64_t last_outage_ready;	/* ns from death to ready */
	struct device_times times;
	struct logring *logs;
	struct logring *history;	/* changes of state */
};

/* config is moved. NULL: no memory (config is still the caller's). */
struct device *device_create(struct manager *manager, struct device_config *config,
			     bool transient);
/* Ends what still runs, at once. NULL is fine. */
void device_destroy(struct device *dev);

const char *device_state_name(enum device_state state);
/* Nothing runs, and device_start() is possible. */
bool device_state_is_down(enum device_state state);
/* The resolved driver, or what the configuration says. */
const char *device_driver(const struct device *dev);
struct log_about device_about(const struct device *dev);

/* All return at once; the state tells how it goes on. */
int device_start(struct device *dev);		/* -EALREADY: it is not down */
void device_stop(struct device *dev, bool forget);	/* forget: WANT_GONE */
int device_restart(struct device *dev);
/* Restart in place: the host unloads the driver and loads it again.  @options, as
 * options= in devices.conf, take the place of the present ones; NULL: they stay.
 * Return: 0, -EBUSY (it is not up), else -errno with *ret_why; nothing is changed. */
int device_reload(struct device *dev, const char *options, char **ret_why);
/* Moves config into the device; one that is not down is stopped and started
 * with it, one that is down stays so. */
void device_replace_config(struct device *dev, struct device_config *config);
/* The machine's device came or went (hotplug.h). */
void device_plugged(struct device *dev);
void device_unplugged(struct device *dev);
/* Is it a device that may come and go, and is not there now? */
bool device_is_missing(const struct device *dev);

/* Goes on with a device that the ddekitd before this one held. */
enum device_resume {
	RESUME_UP,		/* its host serves */
	RESUME_HOST,		/* claimed; it needs a host */
	RESUME_CLAIM,		/* at most its TAP and lock are there */
};
void device_resume(struct device *dev, enum device_resume how);

/* ---- between the device-*.c files ------------------------------------------ */

void device_enter(struct device *dev, enum device_state state, const char *fmt, ...)
	FORMAT(3, 4);
/* To failed: everything is given back. text is copied. */
void device_fail(struct device *dev, const char *text);
/* Likewise, by way of the host's death if there is a host. */
void device_condemn(struct device *dev, const char *text);
void device_on_ready(struct device *dev);
/* After the host's end: no bus mastering, reset; once. Return: 0, -errno. */
int device_quiesce(struct device *dev);
void device_on_death(struct device *dev, const char *text, bool refused);
/* Kills the host unless it is ready within start-timeout=. Return: 0, -errno. */
int device_limit_start(struct device *dev);
int device_set_timer(struct device *dev, uint64_t ms, sd_event_time_handler_t fn);

/* device-claim.c: both return 0 or -errno with *ret_why to be freed. */
int device_claim(struct device *dev, char **ret_why);
int device_choose_plugin(struct device *dev, char **ret_why);
/* How the claimed device died, to be freed; NULL: it lives, or cannot tell. */
char *device_death_text(struct device *dev);
void device_release_claim(struct device *dev);
/* A claim, lock and modalias that are there already. On failure the claim is closed. */
int device_adopt_claim(struct device *dev);
void device_plugin_finish(struct device_plugin *plugin);

/* device-host.c */
int device_start_host(struct device *dev, char **ret_why);
/* As host_adopt(). */
int device_adopt_host(struct device *dev, const struct host_kept *kept);

/* device-net.c */
int device_open_net(struct device *dev, char **ret_why);
/* A TAP that is there already. On failure it is closed. */
int device_adopt_net(struct device *dev);
void device_close_net(struct device *dev);
void device_net_ready(struct device *dev);	/* the host's interface serves */
void device_net_message(struct device *dev, const struct proto_net *msg);

#endif
