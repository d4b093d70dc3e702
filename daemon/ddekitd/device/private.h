/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct device, for this folder and the classes (drivers/bridges) only.  Each sub-struct is
 * written by the file named beside it, and read by all.  A file calls only those below it; events
 * go up by struct device_events.
 *
 *   device.c     the state machine
 *   release.c    its last part: releasing everything, then failed, configured or again
 *   reload.c     restart in place
 *   adopt.c      continues with a device of the ddekitd before this one
 *   state.c      the present state
 *   host.c       the driver host: set-up, messages, heartbeat, death
 *   claim.c      the jobs on a claim: claim, handover, quiesce, release
 *   persist.c    what the next ddekitd needs
 *   classes.c    what the classes of devices add (drivers/bridges)
 *   failures.c   early failures, outages
 *   settings.c   configuration, plugin, binding
 *   common.c     names, log, timer, jobs
 *   work.c       the jobs' halves in their threads; plugin.c: choosing a plugin
 */
#ifndef DDEKITD_DEVICE_PRIVATE_H
#define DDEKITD_DEVICE_PRIVATE_H

#include "device.h"
#include "lib/log-ring.h"

struct claim_work;
struct class_part;
struct close_work;
struct ddekit_handover;
struct handover_work;
struct netsave;
struct quiesce_work;

/* Why a device is released. */
enum device_release {
	RELEASE_NONE,
	RELEASE_STOP,    /* it was asked to stop */
	RELEASE_FAIL,    /* release_why says why */
	RELEASE_START,   /* a claim that was held: it is claimed again */
	RELEASE_UNPLUG,  /* likewise: the device has gone */
	RELEASE_REPLACE, /* its claim alone: QEMU does not answer, another takes its place */
};

/* A driver host that has ended, until the device is quiet. */
struct device_death {
	struct host *host; /* NULL: there is none */
	char *text;        /* why, for the administrator */
	char *how;         /* "killed by SIGSEGV" */
	bool clean, signalled;
	int status;        /* exit status or signal */
	uint64_t restarts; /* before it */
};

/* settings.c */
struct device_settings {
	struct device_config *next;        /* takes effect once it is down */
	struct device_config *before_bind; /* back to that if a bind fails, or NULL */
	bool transient;                    /* bound at run time, in no file */
	bool staged;                       /* its drop-in is to be committed once it is up */
	bool force;                        /* claimed whoever uses it */
};

/* claim.c: the claim, and what the kernel gets back */
struct device_hold {
	struct ddekit_claim *claim;
	sd_event_source *death;      /* of the claim */
	sd_event_source *rearm;      /* while a driver host could switch that off */
	struct ddekit_before before; /* of a claim that was lost, until the next */
	struct netsave *saved;       /* of the kernel's interface; NULL: it had none */
	int lock;                    /* fd of the lock file */
	int file;                    /* of its class; closed before the claim. -1: none */
	char modalias[96];           /* empty: not known */
};

/* host.c */
struct device_run {
	struct host *host;
	struct device_death death; /* of the host before */
	bool quiet;                /* the device, since the host's end */
	sd_event_source *heartbeat;
	uint64_t last_beat;
	uint64_t stats_asked; /* mono ns, for the crash report */
	char release[32];
	uint64_t rss_kb;    /* of the last state message */
	char *last_failure; /* why its host died the last time, or NULL */
	char *crash_report; /* path of the file about that, or NULL */
	struct device_times times;
};

/* failures.c, as struct device_outage */
struct device_failures {
	bool was_up;        /* since the claim */
	uint64_t when[101]; /* mono ns of early failures in the window */
	uint32_t n;         /* of them */
	uint32_t in_a_row;  /* early failures since it last served */
};

/* trial.c */
struct device_trial {
	struct device_config *before; /* what comes back; NULL: there is no trial */
	uint32_t ms;
	bool link;            /* there was a carrier before */
	bool warned;          /* its kernel has, since then */
	bool lasts;           /* if it is kept, a drop-in is to be written */
	bool kept;            /* it is kept, and that is to be done */
	char *back;           /* why the last one was taken back; NULL: it was not */
	sd_event_source *end; /* of the time */
};

/* persist.c */
struct device_persisted {
	int state;    /* the description for the next ddekitd; -1: none */
	bool barrier; /* the fd store's copies must be gone before a claim */
};

/* common.c */
struct device_work {
	struct jobs *jobs;
	bool busy; /* a job or a front's end decides what comes next */
};

/* What the parts report to the state machine, which is above them; called in the event loop. */
struct device_events {
	/* A job or closing has ended, or failed; the handler clears busy. */
	void (*claimed)(struct device *dev, struct claim_work *w);
	void (*class_opened)(struct device *dev, int error, const char *why);
	void (*handed_over)(struct device *dev, const struct handover_work *w);
	void (*quiesced)(struct device *dev, const struct quiesce_work *w);
	void (*closed)(struct device *dev);
	void (*class_closed)(struct device *dev);
	/* A job runs past its limit. */
	void (*late)(struct device *dev, const char *what, uint32_t limit_ms);
	/* The host serves, again after a restart in place. */
	void (*ready)(struct device *dev);
	/* run.death is filled in, run.host NULL. @refused: the driver said that it cannot. */
	void (*died)(struct device *dev, bool refused);
	/* The device must fail; if there is a host, by killing it. */
	void (*condemned)(struct device *dev, const char *why);
	/* It has been released, and is to be claimed again. */
	void (*returned)(struct device *dev);
	/* The time of its trial is over, or it has already failed. */
	void (*trial_over)(struct device *dev);
};

struct device {
	const struct device_env *env;
	const struct device_events *events;
	struct device_config *config; /* settings.c */
	struct device_settings settings;
	struct device_plugin plugin; /* settings.c */
	struct device_hold hold;
	struct class_part *parts; /* classes.c */
	struct device_run run;
	struct device_failures failures;
	struct device_outage outage;
	struct device_trial trial;
	struct device_work work;
	struct device_persisted persisted;
	struct log_budget *log_budget; /* of what its host triggers in our log; NULL: no limit */
	struct logring *logs;
	struct logring *history; /* changes of state */

	/* The state machine's own: device.c, release.c. */
	enum device_state state;
	uint64_t state_since; /* wall ns */
	enum device_want want;
	enum device_release release;
	char *release_why; /* with RELEASE_FAIL */
	char *error;       /* why it failed; NULL unless failed */
	char *verdict;     /* set: the host's death means failure, for this reason */
	bool held;         /* failed, but its claim stays open: on-failure=quiesce */
	bool late;         /* a job is past its limit: the device counts as failed */
	bool reloading;    /* a restart in place is under way */
	bool plugin_old;   /* chosen by the ddekitd before this one */
	uint32_t delay_s;  /* of the next start, once the device is quiet */
	sd_event_source *timer;
};

/* ---- common.c: used by all, calls none ------------------------------------------- */

/* A line of its log. */
void device_log_line(struct device *dev, int level, const char *text);
/* Warnings, for what a job noted. */
void device_log_notes(struct device *dev, const struct strv *notes);
/* The one timer of the state machine. */
int device_set_timer(struct device *dev, uint64_t ms, sd_event_time_handler_t fn);
/* Posts a job that decides what comes next. Return: 0, -errno: @arg is still the
 * caller's. */
struct job_ops;
int device_post(struct device *dev, const struct job_ops *ops, void *arg);
/* The same for a copy of @work, which done() frees. On failure what *@work owns is still the
 * caller's. */
int device_post_copy(struct device *dev, const struct job_ops *ops, const void *work, size_t size);
/* For what is no job: a front's end. */
void device_set_busy(struct device *dev, bool busy);
/* Kills a process; the device's later jobs come after its end. @pidfd: moved. */
void device_end_process(struct device *dev, int pidfd);

/* ---- parts ------------------------------------------------------------------------ */

/* settings.c */
/* @config is moved; it is in use after the next device_apply_next_config(). */
void device_set_next_config(struct device *dev, struct device_config *config);
void device_apply_next_config(struct device *dev);
void device_restore_settings(struct device *dev, bool staged);
/* Moves @plugin into the device. */
void device_set_plugin(struct device *dev, struct device_plugin *plugin);
void device_finish_settings(struct device *dev);

/* claim.c */
int device_open_claim(struct device *dev); /* events->claimed() follows; 0, -errno */
/* Takes in what the job brought. Return: 0 or -errno with *ret_why. */
int device_claimed(struct device *dev, struct claim_work *w, char **ret_why);
/* Gets the claim's files for a driver host; events->handed_over() follows. 0, -errno. */
int device_open_handover(struct device *dev);
/* No bus mastering, reset; events->quiesced() follows. 0, -errno */
int device_quiesce(struct device *dev);
/* An error that a reset cures is watched for again. */
void device_watch_claim_again(struct device *dev);
/* Releases what the device holds, for dev->release; events->closed() follows. 0, -errno */
int device_close(struct device *dev);
bool device_holds_something(const struct device *dev);
/* The same without an event loop, at the end of ddekitd; may block. */
void device_close_claim_at_once(struct device *dev);
/* A claim and lock that are there already. On failure the claim is closed, which may
 * block: only before the event loop runs. */
int device_adopt_claim(struct device *dev, struct ddekit_claim *claim);
/* A file that its release closes in a thread, before the claim; moved. There is one at most. */
void device_hold_file(struct device *dev, int fd);
/* Moves its lock and saved settings, before, modalias, into a device that has none. */
void device_restore_hold(struct device *dev, const struct device_hold *hold);

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
int device_adopt_host(struct device *dev, const struct host_saved *saved);
/* Once the device is quiet: report, log, and the end of dev->run.death. */
void device_bury(struct device *dev);
/* For its times, and the reports. */
void device_note_claim_start(struct device *dev); /* forgets all of them */
void device_note_claim_end(struct device *dev);
void device_note_quiet(struct device *dev, int error, uint64_t when);
void device_note_link(struct device *dev, uint64_t when); /* its first carrier; 0: none */
void device_set_last_failure(struct device *dev, const char *text);
void device_restore_run(struct device *dev, const char *last_failure, const char *release,
			const struct device_times *times);
void device_finish_run(struct device *dev);

/* failures.c */
/* Notes an early failure. Return: true if that was one too many. */
bool device_failed_too_often(struct device *dev);
bool device_has_served(const struct device *dev);
/* Counts a failure of a host that has @served or not. Return: the delay of the next. */
uint32_t device_backoff_s(struct device *dev, bool served);
void device_note_up(struct device *dev, uint64_t now);
void device_forget_failures(struct device *dev);
void device_restore_failures(struct device *dev, bool was_up, const struct device_outage *outage);
void device_begin_outage(struct device *dev);
void device_end_outage(struct device *dev, uint64_t now); /* nothing without one */
void device_count_restart(struct device *dev);
void device_count_reload(struct device *dev);

/* trial.c */
/* Moves @config into the device, and keeps the present one. */
void device_trial_begin(struct device *dev, struct device_config *config, uint32_t ms, bool lasts);
/* Its host serves: the time begins. Return: 0, -errno. */
int device_trial_run(struct device *dev);
/* A line that its host has logged. */
void device_trial_hear(struct device *dev, const char *line);
/* What is wrong with it at its end; NULL: nothing. */
const char *device_trial_fault(const struct device *dev);
/* The configuration is that of before, for this reason. Return: false: there is no trial. */
bool device_trial_undo(struct device *dev, const char *why);
void device_trial_keep(struct device *dev);
void device_trial_free(struct device *dev);

/* persist.c: the device's files in the service manager's fd store; nothing without it. */
void device_store(const struct device *dev, const char *what, int fd);

/* classes.c: to all classes, as class-ddekitd.h says. */
int device_open_classes(struct device *dev, char **ret_why);
bool device_classes_may_start(struct device *dev);
void device_hand_over_class(const struct device *dev, struct proto_setup *setup,
			    int fds[PROTO_CLASS_FDS]);
bool device_serves_when_ready(const struct device *dev);
void device_classes_ready(struct device *dev, bool again);
void device_class_message(struct device *dev, const struct proto_export *msg);
void device_classes_absent(struct device *dev);
void device_classes_quiet(struct device *dev);
bool device_close_classes(struct device *dev, bool at_once);
/* The device is being released, or has failed: its hold.file is about to be closed. */
void device_release_classes(struct device *dev);
void device_persist_classes(const struct device *dev);
void device_describe_classes(const struct device *dev, struct json_object *o);
int device_adopt_classes(struct device *dev, struct json_object *o,
			 int (*fetch)(void *arg, const char *what), void *arg);
void device_classes_adopted(struct device *dev);

/* classes.c: for the classes themselves. */
/* Is its plugin of the class? */
bool device_is_of_class(const struct device *dev, const struct class_ops *class);
/* What the class has of the device; NULL: nothing. */
struct class_part *device_part(const struct device *dev, const char *class);
void device_add_part(struct device *dev, struct class_part *part);
void device_remove_part(struct device *dev, struct class_part *part);

/* ---- the state machine ---------------------------------------------------------------- */

/* state.c */
void device_enter(struct device *dev, enum device_state state, const char *fmt, ...) FORMAT(3, 4);

/* release.c */
/* A job has ended. Return: false: the device is being released, the caller does nothing more. */
bool device_posted(struct device *dev);
/* Releases the device, once the present job has ended. */
void device_begin_release(struct device *dev, enum device_release why);
/* Likewise for dev->release, when no job runs. */
void device_release_now(struct device *dev);
/* Releases everything, then the state is failed. text is copied. Nothing if it is being
 * released already. */
void device_fail(struct device *dev, const char *text);
/* Everything has been released on request: the state is configured. */
void device_finish_stop(struct device *dev);
/* Of struct device_events. */
void device_condemn(struct device *dev, const char *text);
void device_on_close(struct device *dev);
void device_late(struct device *dev, const char *what, uint32_t limit_ms);
/* Without an event loop, at the end of ddekitd; may block. */
void device_close_at_once(struct device *dev);

#endif
