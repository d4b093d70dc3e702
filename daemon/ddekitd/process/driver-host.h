/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver host's process as ddekitd sees it: start, its socket, requests, its end.  Knows
 * nothing of devices' states; the device decides.
 */
#ifndef DDEKITD_DRIVER_HOST_H
#define DDEKITD_DRIVER_HOST_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "confine.h"
#include "protocol/host.h"
#include "lib/util.h"

struct host;

/* How a host ended. Texts are borrowed for the call. */
struct host_death {
	bool clean; /* exit status 0 */
	int status; /* exit status, or signal */
	bool signalled;
	bool not_run;     /* it never became a driver host */
	const char *text; /* "killed by SIGSEGV", "exited with status 1", … */
};

/* All called from the event loop. Messages have been checked. */
struct host_ops {
	void (*state)(void *arg, const struct proto_state_msg *msg);
	void (*export)(void *arg, const struct proto_export *msg);
	void (*heartbeat)(void *arg);
	void (*log)(void *arg, int level, const char *text);
	/* The last call; the host may be destroyed in it. */
	void (*died)(void *arg, const struct host_death *death);
};

struct host_spec {
	const char *binary;
	const char *bdf; /* for its command line */
	const char *driver;
	struct confine confine;
	struct proto_setup *setup; /* borrowed for the call; handover filled in */
	const int *class_fds;      /* likewise, setup->n_class_fds of them */
	bool outlive;              /* it survives the end of ddekitd */
};

/* What the next ddekitd needs to adopt a host. */
struct host_saved {
	int pidfd, socket, log;
	pid_t pid;
	uint64_t start_ns;
	uint32_t last_state; /* enum proto_state */
};

struct host_reply {
	int error;                       /* 0 or -errno of the host; -ETIMEDOUT, -EPIPE (it died)
				 * of ddekitd */
	const struct proto_stats *stats; /* with OP_STATS, OP_COUNTERS; else NULL */
	const struct proto_text *text;   /* with OP_PARAM, OP_MODULES, OP_PAGE; else NULL */
};

typedef void (*host_reply_fn)(void *arg, const struct host_reply *reply);

/* Return: 0; -errno, and *ret_why says what to do. If the binary cannot be run, died()
 * reports it later. */
int host_start(sd_event *event, const struct host_spec *spec, const struct host_ops *ops, void *arg,
	       struct host **ret, char **ret_why);
/* fn may be NULL. It is called exactly once, never from within this call. Return: 0,
 * -EAGAIN (the host does not read, or has 128 unanswered requests), -ENOMEM. */
int host_request(struct host *host, enum proto_op op, host_reply_fn fn, void *arg);
/* Likewise OP_CLASS, with data as the class's protocol.h says. Return: also -E2BIG, more than
 * PROTO_CLASS_BYTES. */
int host_request_class(struct host *host, const void *data, size_t len, host_reply_fn fn,
		       void *arg);
/* Likewise, with text (NULL: none). Return: also -E2BIG, it is too long. */
int host_request_text(struct host *host, enum proto_op op, uint32_t value, const char *text,
		      host_reply_fn fn, void *arg);
/* SIGKILL; died() follows, with @reason (NULL: none) in its text. */
void host_kill(struct host *host, const char *reason);
/* The same for one that does not answer: SIGQUIT first requests a dump of its state, and it
 * has half a second to write that to its log. */
void host_kill_stuck(struct host *host, const char *reason);
/* The fds stay the host's. */
void host_save(const struct host *host, struct host_saved *ret);
/* Adopts a host that another ddekitd started, and requests its state. The
 * fds are moved in any case. Return: 0, -ESTALE (the pidfd is another process's),
 * -ENOMEM, -errno; the process lives on. */
int host_adopt(sd_event *event, const struct host_saved *saved, const struct host_ops *ops,
	       void *arg, struct host **ret);
/* Waits for its end; blocks: for the end of ddekitd. Return: 0, -ETIMEDOUT. */
int host_wait(const struct host *host, int ms);
pid_t host_pid(const struct host *host);
uint64_t host_start_ns(const struct host *host);
/* The last statistics that it sent, and when. NULL: none yet. */
const struct proto_stats *host_last_stats(const struct host *host, uint64_t *ret_ns);
uint64_t host_log_lost(const struct host *host);
/* Kills it if it still runs; does not call died() or wait for its end. NULL is fine. */
void host_destroy(struct host *host);

#endif
