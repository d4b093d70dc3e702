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
 *   absent      not in the machine; claimed once it is (hot-plug.h)
 *
 * Whatever may wait for QEMU, the device, its kernel driver, the kernel's network lock or
 * a process runs in a thread, as a job (job.h): while one is under way the device is busy,
 * and what is asked of it meanwhile takes effect at the job's end.
 *
 *   device.c        the machine
 *   end.c    its end, and jobs that decide how it goes on
 *   reload.c restart in place
 *   claim.c  the jobs that claim the device and give it back
 *   work.c   what all its jobs do in their threads
 *   plugin.c which plugin drives it
 *   host.c   the driver host: set-up, messages, statistics
 *   net.c    TAP and link
 *   block.c  disks and their front
 *   keep.c   what outlives ddekitd, and adopt.c, which goes on with it
 */
#ifndef DDEKITD_DEVICE_H
#define DDEKITD_DEVICE_H

#include "config/config.h"
#include "protocol/control.h"
#include "plugin.h"
#include "process/driver-host.h"
#include "lib/log-ring.h"
#include "system/link-watch.h"
#include "system/tap.h"

struct claim_work;
struct close_work;
struct ddekit_handover;
struct device;
struct handover_work;
struct device_block;
struct jobs;
struct fdstore;
struct netsave;

/* What is to come once the host has stopped. */
enum device_want { WANT_UP, WANT_RESTART, WANT_DOWN, WANT_GONE, WANT_CONFIG };

/* What a device is given back for. */
enum device_end {
	END_NONE,
	END_STOP,	/* it was asked to stop */
	END_FAIL,	/* end_text says why */
	END_START,	/* a claim that was held: it is claimed anew */
	END_UNPLUG,	/* likewise: the device has gone */
	END_REPLACE,	/* its claim alone: QEMU does not answer, another takes its place */
};

/* A driver host that has ended, until the device is quiet. */
struct device_death {
	struct host *host;	/* NULL: there is none */
	char *text;		/* why, for the administrator */
	char *how;		/* "killed by SIGSEGV" */
	bool clean, signalled;
	int status;		/* exit status or signal */
	uint64_t restarts;	/* before it */
};

/* Nanoseconds of the monotonic clock; 0: not yet. */
struct device_times {
	uint64_t claim_start, claim_end;
	uint64_t died, quiet;		/* the host before this one; then the device */
	uint64_t host_start;		/* of the present host, as all below */
	uint64_t state[STATE_STOPPED + 1];	/* by enum proto_state */
	uint64_t link;			/* first carrier */
};

/* Who is told of what a device does; called in the event loop, not by device_create() and
 * device_destroy(). */
struct device_listener {
	void (*changed)(void *arg, struct device *dev, enum device_state from);
	void (*logged)(void *arg, struct device *dev, int level, const char *text);
	void (*link)(void *arg, struct device *dev);	/* carrier or speed */
	/* It is to be forgotten, and holds nothing: device_destroy() now. */
	void (*gone)(void *arg, struct device *dev);
};

/* What all devices share. */
struct device_env {
	sd_event *event;
	const struct global_config *global;
	struct fdstore *fdstore;	/* NULL: none */
	uid_t host_uid;			/* of driver hosts, fronts and QEMU */
	gid_t host_gid;
	bool stopping;			/* nothing is to be started */
	const struct device_listener *listener;
	void *listener_arg;
};

struct device {
	const struct device_env *env;
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

	struct jobs *jobs;
	bool busy;			/* a job, or a front's end, decides how it goes on */
	bool late;			/* it has taken too long: the device counts as failed */
	bool barrier;			/* the fd store's copies must be gone before a claim */
	enum device_end ending;
	char *end_text;			/* why, with END_FAIL */

	struct ddekit_claim *claim;
	sd_event_source *claim_death;
	struct ddekit_before before;	/* of a claim that was lost, until the next */
	struct netsave *saved;		/* of the kernel's interface; NULL: it had none */
	int lock;			/* fd of the lock file */
	char modalias[96];		/* empty: not known */
	struct device_plugin plugin;

	int tap;			/* -1: none */
	uint64_t netns;			/* inode of the namespace it is in; 0: not known */
	struct link_watch *watch;
	struct link_state link;
	bool link_known;
	bool mac_by_admin;		/* somebody gave the TAP another MAC */

	struct device_block *block;	/* its disks; NULL: of another class */

	struct host *host;
	struct device_death death;	/* of the host before */
	uint32_t delay_s;		/* of the next start, once the device is quiet */
	uint64_t block_wait;		/* mono ns: its front is waited for since then; 0: not */
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

/* @env is borrowed as long as there is the device; config is moved. NULL: no memory (config is
 * still the caller's). */
struct device *device_create(const struct device_env *env, struct device_config *config,
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
/* Return: 0, -EALREADY (it is not down), -EBUSY (a job is still under way). */
int device_start(struct device *dev);
void device_stop(struct device *dev, bool forget);	/* forget: WANT_GONE */
int device_restart(struct device *dev);
/* Restart in place: the host unloads the driver and loads it again.  @options, as
 * options= in devices.conf, take the place of the present ones; NULL: they stay.
 * Return: 0, -EBUSY (it is not up), else -errno with *ret_why; nothing is changed. */
int device_reload(struct device *dev, const char *options, char **ret_why);
/* Moves config into the device; one that is not down is stopped and started
 * with it, one that is down stays so. */
void device_replace_config(struct device *dev, struct device_config *config);
/* The machine's device came or went (hot-plug.h). */
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
/* A line of its log. */
void device_log_line(struct device *dev, int level, const char *text);
/* Everything is given back, then it is failed. text is copied. Nothing if it is ending
 * already. */
void device_fail(struct device *dev, const char *text);
/* Likewise, by way of the host's death if there is a host. */
void device_condemn(struct device *dev, const char *text);
void device_on_ready(struct device *dev);
/* dev->death is filled in, dev->host NULL. @refused: the driver said that it cannot. */
void device_on_death(struct device *dev, bool refused);
/* Kills the host unless it is ready within start-timeout=. Return: 0, -errno. */
int device_limit_start(struct device *dev);
int device_set_timer(struct device *dev, uint64_t ms, sd_event_time_handler_t fn);

/* Posts a job that decides how the device goes on. Return: 0, -errno: @arg is still the
 * caller's. */
struct job_ops;
int device_post(struct device *dev, const struct job_ops *ops, void *arg);
/* The same for a copy of @work, which done() frees. On failure what *@work owns is still the
 * caller's. */
int device_post_copy(struct device *dev, const struct job_ops *ops, const void *work, size_t size);
/* Its end. Return: false: the device is given back instead of what the caller would do. */
bool device_posted(struct device *dev);
/* Gives the device back, once what is under way has ended. */
void device_end(struct device *dev, enum device_end ending);
/* Likewise for dev->ending, with nothing under way. */
void device_end_now(struct device *dev);
void device_apply_next_config(struct device *dev);
/* Begins with its claim. */
void device_claim_now(struct device *dev);
/* For late(): the job goes on, the device counts as failed. */
void device_late(struct device *dev, const char *what, const struct job_ops *ops);
/* Brings the device one step nearer to its next driver host: interface, disks, host. */
void device_advance(struct device *dev);
/* For done(): logs what a job noted. */
void device_log_notes(struct device *dev, const struct strv *notes);

/* claim.c */
int device_claim(struct device *dev);		/* device_claimed() follows; 0, -errno */
/* Takes in what the job brought. Return: 0 or -errno with *ret_why. */
int device_claimed(struct device *dev, struct claim_work *w, char **ret_why);
/* Gives back what the device holds, for dev->ending; device_closed() follows. 0, -errno */
int device_close(struct device *dev);
bool device_holds_something(const struct device *dev);
/* The same without an event loop, at the end of ddekitd; may block. */
void device_close_at_once(struct device *dev);
/* A claim and lock that are there already. On failure the claim is closed, which may
 * block: only before the event loop runs. */
int device_adopt_claim(struct device *dev);

/* device.c, called by claim.c, host.c and block.c */
void device_on_claim(struct device *dev, struct claim_work *w);
void device_on_close(struct device *dev);
void device_on_handover(struct device *dev, const struct handover_work *w);
void device_on_block_closed(struct device *dev);

/* device.c. Return: as plugin_choose(); the present one stays then. */
int device_choose_plugin(struct device *dev, char **ret_why);

/* host.c */
/* Gets the claim's files for the next one; device_on_handover() follows. 0, -errno. */
int device_open_handover(struct device *dev);
/* @handover: its files are borrowed for the call. */
int device_start_host(struct device *dev, const struct ddekit_handover *handover, char **ret_why);
/* As host_adopt(). */
int device_adopt_host(struct device *dev, const struct host_kept *kept);
/* Once the device is quiet: report, log, and the end of dev->death. */
void device_bury(struct device *dev);

/* net.c */
bool device_needs_net(const struct device *dev);	/* its TAP is not there */
/* Makes it, or watches the one that is there; device_advance() follows. 0, -errno. */
int device_open_net(struct device *dev);
void device_adopt_net(struct device *dev);
void device_close_net(struct device *dev);	/* but the TAP itself, see device_close() */
void device_net_ready(struct device *dev);	/* the host's interface serves */
void device_net_message(struct device *dev, const struct proto_net *msg);

#endif
