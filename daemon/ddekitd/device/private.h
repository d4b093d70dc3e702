/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device, for the files of this folder alone.  Each part of the struct is written by the file
 * that is named beside it, and read by all.
 *
 *   device.c     the machine
 *   end.c        its end, and jobs that decide how it goes on
 *   reload.c     restart in place
 *   claim.c      the jobs that claim the device and give it back
 *   work.c       what all its jobs do in their threads
 *   plugin.c     which plugin drives it
 *   host.c       the driver host: set-up, messages, statistics
 *   net.c        TAP and link
 *   block.c      disks and their front
 *   settings.c   configuration, and what a bind does to it
 *   keep.c       what outlives ddekitd, and adopt.c, which goes on with it
 */
#ifndef DDEKITD_DEVICE_PRIVATE_H
#define DDEKITD_DEVICE_PRIVATE_H

#include "device.h"
#include "lib/log-ring.h"
#include "system/link-watch.h"
#include "system/tap.h"

struct claim_work;
struct close_work;
struct ddekit_handover;
struct device_block;
struct handover_work;
struct netsave;
struct quiesce_work;

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

/* settings.c */
struct device_settings {
	struct device_config *next;	/* takes effect once it is down */
	struct device_config *before_bind;	/* back to that if a bind fails, or NULL */
	bool transient;			/* bound at run time, in no file */
	bool staged;			/* its drop-in is to be committed once it is up */
	bool force;			/* claimed whoever uses it */
};

/* claim.c: what is the kernel's but for the device */
struct device_hold {
	struct ddekit_claim *claim;
	sd_event_source *death;		/* of the claim */
	struct ddekit_before before;	/* of a claim that was lost, until the next */
	struct netsave *saved;		/* of the kernel's interface; NULL: it had none */
	int lock;			/* fd of the lock file */
	bool barrier;			/* the fd store's copies must be gone before a claim */
	char modalias[96];		/* empty: not known */
};

/* net.c */
struct device_net {
	int tap;			/* -1: none */
	uint64_t netns;			/* inode of the namespace it is in; 0: not known */
	struct link_watch *watch;
	struct link_state link;
	bool link_known;
	bool mac_by_admin;		/* somebody gave the TAP another MAC */
	struct proto_net driver;	/* what it says of its interface */
	bool driver_known;
};

/* host.c */
struct device_run {
	struct host *host;
	struct device_death death;	/* of the host before */
	bool quiet;			/* the device, since the host's end */
	sd_event_source *heartbeat;
	uint64_t last_beat;
	uint64_t stats_asked;		/* mono ns, for the crash report */
	char release[32];
	uint64_t rss_kb;		/* of the last state message */
	char *last_failure;		/* why its host died the last time, or NULL */
	char *crash_report;		/* path of the file about that, or NULL */
	struct device_times times;
};

/* failures.c */
struct device_failures {
	bool was_up;			/* since the claim */
	uint64_t when[101];		/* mono ns of early failures in the window */
	uint32_t n;			/* of them */
	uint32_t in_a_row;		/* early failures since it last served */
};

/* part.c */
struct device_work {
	struct jobs *jobs;
	bool busy;			/* a job, or a front's end, decides how it goes on */
};

/* What the parts report to the state machine, which is above them; called in the event loop. */
struct device_events {
	/* The jobs' and closings' ends, also of those that failed: busy is to be cleared. */
	void (*claimed)(struct device *dev, struct claim_work *w);
	void (*net_opened)(struct device *dev, int error, const char *why);
	void (*handed_over)(struct device *dev, const struct handover_work *w);
	void (*quiesced)(struct device *dev, const struct quiesce_work *w);
	void (*closed)(struct device *dev);
	void (*block_closed)(struct device *dev);
	/* A job goes on past its limit. */
	void (*late)(struct device *dev, const char *what, uint32_t limit_ms);
	/* The host serves, again after a restart in place. */
	void (*ready)(struct device *dev);
	/* run.death is filled in, run.host NULL. @refused: the driver said that it cannot. */
	void (*died)(struct device *dev, bool refused);
	/* It has to fail; by way of the host's death if there is a host. */
	void (*condemned)(struct device *dev, const char *why);
	/* It has been given back, to be claimed anew. */
	void (*returned)(struct device *dev);
};

struct device {
	const struct device_env *env;
	const struct device_events *events;
	struct device_config *config;	/* settings.c */
	struct device_settings settings;
	struct device_plugin plugin;
	struct device_hold hold;
	struct device_net net;
	struct device_block *block;	/* block.c; its disks, NULL: of another class */
	struct device_run run;
	struct device_failures failures;
	struct device_outage outage;	/* outage.c */
	struct device_work work;
	int state_fd;			/* keep.c; what the next ddekitd is told; -1: nothing */
	struct logring *logs;
	struct logring *history;	/* changes of state */

	/* The state machine's own: device.c, end.c. */
	enum device_state state;
	uint64_t state_since;		/* wall ns */
	enum device_want want;
	enum device_end ending;
	char *end_text;			/* why, with END_FAIL */
	char *error;			/* why it failed; NULL unless failed */
	char *verdict;			/* set: the host's death means failure, for this reason */
	bool held;			/* given up, but its claim is kept: on-failure=quiesce */
	bool late;			/* it has taken too long: the device counts as failed */
	bool reloading;			/* a restart in place is under way */
	bool plugin_old;		/* chosen by the ddekitd before this one */
	uint32_t delay_s;		/* of the next start, once the device is quiet */
	uint64_t block_wait;		/* mono ns: its front is waited for since then; 0: not */
	sd_event_source *timer;
};

/* ---- part.c: used by all, calls none ------------------------------------------- */

/* A line of its log. */
void device_log_line(struct device *dev, int level, const char *text);
/* Warnings, for what a job noted. */
void device_log_notes(struct device *dev, const struct strv *notes);
/* The one timer of the state machine. */
int device_set_timer(struct device *dev, uint64_t ms, sd_event_time_handler_t fn);
/* Posts a job that decides how the device goes on. Return: 0, -errno: @arg is still the
 * caller's. */
struct job_ops;
int device_post(struct device *dev, const struct job_ops *ops, void *arg);
/* The same for a copy of @work, which done() frees. On failure what *@work owns is still the
 * caller's. */
int device_post_copy(struct device *dev, const struct job_ops *ops, const void *work, size_t size);
/* What decides how the device goes on is no job, or has ended. */
void device_set_busy(struct device *dev, bool busy);

/* ---- parts ------------------------------------------------------------------------ */

/* settings.c */
/* @config is moved; it is in use after the next device_apply_next_config(). */
void device_set_next_config(struct device *dev, struct device_config *config);
void device_apply_next_config(struct device *dev);
void device_restore_settings(struct device *dev, bool staged);
void device_finish_settings(struct device *dev);

/* store.c: the device's files in the service manager's fd store; does nothing without it. */
void device_store(const struct device *dev, const char *what, int fd);
void device_store_drop(const struct device *dev);
void device_store_warn(const struct device *dev, const char *what, int error);

/* claim.c */
int device_open_claim(struct device *dev);		/* events->claimed() follows; 0, -errno */
/* Takes in what the job brought. Return: 0 or -errno with *ret_why. */
int device_claimed(struct device *dev, struct claim_work *w, char **ret_why);
/* Gets the claim's files for a driver host; events->handed_over() follows. 0, -errno. */
int device_open_handover(struct device *dev);
/* No bus mastering, reset; events->quiesced() follows. 0, -errno */
int device_quiesce(struct device *dev);
/* An error that a reset cures is watched for again. */
void device_watch_claim_again(struct device *dev);
/* Gives back what the device holds, for dev->ending; events->closed() follows. 0, -errno */
int device_close(struct device *dev);
bool device_holds_something(const struct device *dev);
/* The same without an event loop, at the end of ddekitd; may block. */
void device_close_claim_at_once(struct device *dev);
/* A claim and lock that are there already. On failure the claim is closed, which may
 * block: only before the event loop runs. */
int device_adopt_claim(struct device *dev);

/* host.c */
/* @handover: its files are borrowed for the call. */
int device_start_host(struct device *dev, const struct ddekit_handover *handover, char **ret_why);
/* Kills the host unless it is ready within start-timeout=. Return: 0, -errno. */
int device_limit_start(struct device *dev);
/* Asks the host to end; kills it if it does not, or after stop-timeout=. */
void device_stop_host(struct device *dev);
/* At the end of ddekitd; may block. */
void device_end_host_at_once(struct device *dev);
/* As host_adopt(). */
int device_adopt_host(struct device *dev, const struct host_kept *kept);
/* Once the device is quiet: report, log, and the end of dev->run.death. */
void device_bury(struct device *dev);

/* net.c */
bool device_needs_net(const struct device *dev);	/* its TAP is not there */
/* Makes it, or watches the one that is there; events->net_opened() follows. 0, -errno. */
int device_open_net(struct device *dev);
void device_adopt_net(struct device *dev);
void device_close_net(struct device *dev);	/* but the TAP itself, see device_close() */
void device_net_ready(struct device *dev);	/* the host's interface serves */
void device_net_message(struct device *dev, const struct proto_net *msg);

/* ---- the state machine ---------------------------------------------------------------- */

/* state.c */
void device_enter(struct device *dev, enum device_state state, const char *fmt, ...)
	FORMAT(3, 4);

/* end.c */
/* The end of a job. Return: false: the device is given back instead of what the caller would
 * do. */
bool device_posted(struct device *dev);
/* Gives the device back, once what is under way has ended. */
void device_end(struct device *dev, enum device_end ending);
/* Likewise for dev->ending, with nothing under way. */
void device_end_now(struct device *dev);
/* Everything is given back, then it is failed. text is copied. Nothing if it is ending
 * already. */
void device_fail(struct device *dev, const char *text);
/* All is given back, and it has been asked to: it is configured. */
void device_finish_stop(struct device *dev);
/* Of struct device_events. */
void device_condemn(struct device *dev, const char *text);
void device_on_close(struct device *dev);
void device_late(struct device *dev, const char *what, uint32_t limit_ms);
/* Without an event loop, at the end of ddekitd; may block. */
void device_close_at_once(struct device *dev);

#endif
