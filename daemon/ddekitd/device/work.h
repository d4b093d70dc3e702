/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a device's jobs (job.h) that run in their thread: whatever may wait for
 * QEMU, the device, its kernel driver or the kernel's network lock.  They touch nothing
 * but the struct that they are given; who posts them fills in the first part of it and
 * reads the second in the event loop (claim.c, adopt.c).
 *
 *	work_claim()	lock, in-use check, claim, PCI ids
 *	work_quiesce()	the device after a driver host's death
 *	work_handover()	what the next driver host is handed of the claim
 *	work_death()	why the device died
 *	work_rearm()	reports of that, which a driver host may have switched off
 *	work_monitor()	a command to QEMU
 *	work_end()	waits until a process has ended that was killed
 *	work_close()	releases everything
 */
#ifndef DDEKITD_DEVICE_WORK_H
#define DDEKITD_DEVICE_WORK_H

#include "config/config.h"

struct device;
struct netsave;

struct claim_work {
	struct device *dev;           /* for done() alone, as in all of them */
	struct device_config *config; /* the work's own */
	const char *dir;              /* of the lock; borrowed */
	uid_t uid;                    /* QEMU's */
	gid_t gid;
	struct ddekit_before before;
	bool force;
	bool barrier; /* the service manager must have dropped its copies */
	int lock;     /* -1: to be locked; the work's, also after a failure */

	int error;
	char *why; /* NULL, or of the error */
	struct ddekit_claim *claim;
	struct netsave *saved; /* NULL: nothing new */
	char modalias[96];
	struct strv notes; /* for the log */
};

struct quiesce_work {
	struct device *dev;
	struct ddekit_claim *claim; /* borrowed */

	int error;
	char *death;     /* with an error: how the device died; NULL: not known */
	uint64_t end_ns; /* mono */
};

struct handover_work {
	struct device *dev;
	struct ddekit_claim *claim; /* borrowed */

	int error;
	struct ddekit_handover handover; /* its files are the claim's, until its next job */
};

struct death_work {
	struct device *dev;
	struct ddekit_claim *claim; /* borrowed */

	int result; /* as of ddekit_claim_death_why() */
	char *why;
};

struct monitor_work {
	void *msg; /* sd_bus_message, for done() */
	struct device *dev;
	struct ddekit_claim *claim; /* borrowed */
	char *command, *arguments;  /* arguments: NULL: none */

	int error;
	char *reply;
};

struct end_work {
	int pidfd; /* the work's */
};

struct rearm_work {
	struct device *dev;
	struct ddekit_claim *claim; /* borrowed */

	int error;
};

struct close_work {
	struct device *dev;
	char bdf_text[DDEKIT_BDF_STRLEN];
	struct ddekit_bdf bdf;
	bool barrier;                /* the service manager must have dropped its copies */
	int file;                    /* of its class; moved, as those below; -1: none */
	struct ddekit_claim *claim;  /* NULL: none */
	struct ddekit_before before; /* of a claim that was lost */
	const struct netsave *saved; /* borrowed; NULL: none */
	const char *dir;             /* of the lock; NULL: it stays */
	int lock;

	int barrier_error;
	char *return_error; /* the kernel's driver does not take it; NULL: it does */
	struct strv notes;
};

void work_claim(void *arg);
void work_quiesce(void *arg);
void work_handover(void *arg);
void work_death(void *arg);
void work_rearm(void *arg);
void work_monitor(void *arg);
void work_end(void *arg);
void work_close(void *arg);

/* Frees what the struct owns. */
void claim_work_finish(struct claim_work *w);
/* Likewise, and the struct; NULL is fine. */
void monitor_work_free(struct monitor_work *w);
void close_work_free(struct close_work *w);

/* The name of a device's lock file; to be freed. NULL: no memory. */
char *work_lock_name(const char *bdf_text);

#endif
