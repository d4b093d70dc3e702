/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device of ddekitd and its state machine:
 *
 *   configured → claiming → starting → up → stopping → configured
 *                    │          │       └→ restarting → up
 *                    └──────────┴──────────────┴→ failed
 *
 *   configured  known, nothing claimed
 *   claiming    claiming it from the system; preparing its plugin and TAP
 *   starting    its first driver host is starting
 *   up          the driver serves the host
 *   stopping    the driver is being shut down
 *   restarting  the driver host died or is being replaced; claim and TAP stay
 *   failed      error says why. Nothing is held, except with on-failure=quiesce the claim
 *               of a device that had served
 *   absent      not in the machine; claimed once it is (hot-plug.h)
 *
 * Calls that may wait for QEMU, the device, its kernel driver, the kernel's network lock or a
 * process are jobs in a thread (job.h).  While a job runs the device is busy, and requests
 * take effect at the job's end.
 */
#ifndef DDEKITD_DEVICE_DEVICE_H
#define DDEKITD_DEVICE_DEVICE_H

#include "config/config.h"
#include "protocol/control.h"
#include "plugin.h"
#include "process/driver-host.h"
#include "lib/log-ring.h"

struct ddekit_claim;
struct device;
struct fdstore;
struct jobs;

/* What is to come once the host has stopped. */
enum device_want { WANT_UP, WANT_RESTART, WANT_DOWN, WANT_GONE, WANT_CONFIG };

/* Nanoseconds of the monotonic clock; 0: not yet. */
struct device_times {
	uint64_t claim_start, claim_end;
	uint64_t died, quiet;              /* the host before this one; then the device */
	uint64_t host_start;               /* of the present host, as all below */
	uint64_t state[STATE_STOPPED + 1]; /* by enum proto_state */
	uint64_t link;                     /* first carrier */
};

/* What a device has been through, since it is known. */
struct device_outage {
	uint64_t restarts;
	uint64_t reloads;    /* restarts in place, in the same process */
	uint64_t start;      /* mono ns of the death being recovered from; 0: none */
	uint64_t last;       /* ns from death to link; 0: none yet */
	uint64_t last_ready; /* ns from death to ready */
};

struct device_link {
	bool up;
	uint32_t speed; /* Mbit/s; 0: not known */
};

/* Receives a device's events, in the event loop; not called by device_create() and
 * device_destroy(). */
struct device_listener {
	void (*changed)(void *arg, struct device *dev, enum device_state from);
	void (*logged)(void *arg, struct device *dev, int level, const char *text);
	void (*link)(void *arg, struct device *dev); /* carrier or speed */
	/* It was stopped for good and holds nothing: call device_destroy(). */
	void (*gone)(void *arg, struct device *dev);
};

struct class_ops;
struct json_object;
struct uses_check;

/* What all devices share. */
struct device_env {
	sd_event *event;
	const struct global_config *global;
	struct fdstore *fdstore; /* NULL: none */
	uid_t host_uid;          /* of driver hosts, fronts and QEMU */
	gid_t host_gid;
	bool stopping; /* start nothing */
	const struct device_listener *listener;
	void *listener_arg;
	const struct class_ops *const *classes; /* NULL ends */
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

/* All return at once; the state shows the result. */
/* Return: 0, -EALREADY (it is not down), -EBUSY (a job is still under way). */
int device_start(struct device *dev);
void device_stop(struct device *dev, bool forget); /* forget: WANT_GONE */
int device_restart(struct device *dev);
/* Restarts it with @config, which is moved, on trial: if its host is not up and well from the start
 * until @trial_ms later (no death, no warning of its kernel, the carrier that was there before),
 * what ran before comes back by itself. @lasts: device_take_kept() is to be true once. Return:
 * 0; -EBUSY: it is not up, or on trial: @config is still the caller's. */
int device_switch(struct device *dev, struct device_config *config, uint32_t trial_ms, bool lasts);
bool device_on_trial(const struct device *dev);
/* Why the last switch was taken back, or NULL. Borrowed. */
const char *device_went_back(const struct device *dev);
/* A switch has been kept and is to last: true once. */
bool device_take_kept(struct device *dev);
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
/* A device that is down and not there: it is started once it is. */
void device_await(struct device *dev);
/* Is it a device that may come and go, and is not there now? */
bool device_is_missing(const struct device *dev);

/* Continues with an adopted device. */
enum device_resume {
	RESUME_UP,    /* its host serves */
	RESUME_HOST,  /* claimed; it needs a host */
	RESUME_CLAIM, /* at most its TAP and lock are there */
};
void device_resume(struct device *dev, enum device_resume how);

/* ---- properties ----------------------------------------------------------- */

/* All are borrowed until the device's next change. */
const struct device_config *device_config(const struct device *dev);
const char *device_bdf_text(const struct device *dev);
enum device_state device_state(const struct device *dev);
uint64_t device_state_since(const struct device *dev); /* wall ns */
/* A job runs: requests take effect at its end. */
bool device_is_busy(const struct device *dev);
const char *device_error(const struct device *dev);        /* NULL unless failed */
const char *device_last_failure(const struct device *dev); /* why a host died, or NULL */
const char *device_crash_report(const struct device *dev); /* path of the last, or NULL */
const struct device_plugin *device_plugin(const struct device *dev);
const struct device_times *device_times(const struct device *dev);
const struct device_outage *device_outage(const struct device *dev);
const struct logring *device_logs(const struct device *dev);
struct jobs *device_jobs(const struct device *dev);
sd_event *device_event(const struct device *dev);

struct ddekit_claim *device_claim(const struct device *dev); /* NULL: it is not claimed */
const char *device_modalias(const struct device *dev);       /* NULL: not known */

struct host *device_host(const struct device *dev);          /* NULL: none runs */
const char *device_kernel_release(const struct device *dev); /* NULL: it is not booted */
uint64_t device_rss_kb(const struct device *dev);            /* of its last state message */

/* Has its class interfaces of the host? True while it is not known. */
bool device_has_interface(const struct device *dev);
/* The name of its interface: the present one, else the configured one. */
const char *device_interface(const struct device *dev);
/* By the driver's last report. Return: false: none yet, *ret is untouched. */
bool device_link(const struct device *dev, struct device_link *ret);

/* What its class adds to status and statistics (classes.c). */
void device_report_classes(const struct device *dev, bool stats, struct json_object *o);
/* Adds to a check who has something of it open (disk-users.h). @change: the caller's. Return:
 * 0, -ENOMEM. */
int device_add_uses(const struct device *dev, struct uses_check *check, const char *change);
/* Can somebody have something of it open? device_add_uses() looks. */
bool device_may_have_users(const struct device *dev);

/* ---- its settings (settings.c) ---------------------------------------------------- */

/* Bound at run time, in no file. */
bool device_is_transient(const struct device *dev);
void device_set_transient(struct device *dev, bool transient);
/* Its drop-in is to be committed once it is up. */
bool device_is_staged(const struct device *dev);
void device_stage(struct device *dev);
/* Its next claim ignores who uses it. */
void device_set_force(struct device *dev, bool force);
/* Where it is configured. Return: 0, -ENOMEM. */
int device_set_where(struct device *dev, const char *where);
/* Moves @config into a device that is down, for a bind. @revert: the present one is kept for
 * device_settle(); else that is destroyed. */
void device_bind_config(struct device *dev, struct device_config *config, bool revert);
/* The bind is over. Return: its drop-in was staged; *ret_before: moved, as device_bind_config()
 * kept it, or NULL. */
bool device_settle(struct device *dev, struct device_config **ret_before);
/* Moves @config into a device that does not run yet. Return: moved, the one before. */
struct device_config *device_swap_config(struct device *dev, struct device_config *config);

#endif
