/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls that may wait (for a device, a kernel driver, QEMU, the kernel's network lock …)
 * run in a thread; the event loop goes on.
 *
 * The jobs of a queue run one after another, in the order in which they were added: a
 * device has one queue, so nothing of it happens twice at a time.  A job owns what it works on
 * until done() is called; its work() may touch nothing else, logs nothing, and
 * calls no function of the event loop.
 *
 * Called from the event loop's thread, but for work().  Nothing here blocks, unless it
 * says so.
 */
#ifndef DDEKITD_JOB_H
#define DDEKITD_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct jobs;

struct job_ops {
	/* In the thread; may block. */
	void (*work)(void *arg);
	/* In the event loop, once work() has returned; the last call, it owns @arg. */
	void (*done)(void *arg);
	/* In the event loop: the limit has passed, and work() has not returned; done()
	 * still comes. NULL: nobody needs to know. */
	void (*late)(void *arg);
	uint32_t limit_ms; /* of the whole job, from the time it was added */
};

/* An empty queue; its thread starts with the first job. Return: 0, -ENOMEM, -errno. */
int jobs_create(sd_event *event, struct jobs **ret);
/* @ops is borrowed until done(). Return: 0; -EAGAIN (no thread), -ENOMEM: nothing will be
 * called, @arg is still the caller's. */
int jobs_add(struct jobs *jobs, const struct job_ops *ops, void *arg);
/* Nothing runs or waits. */
bool jobs_idle(const struct jobs *jobs);
/* A queue that is not idle, and its thread, live until its last job's end, whose done() is
 * still called if the event loop runs. NULL is fine. */
void jobs_destroy(struct jobs *jobs);

/* A single job with a queue of its own. Return: as jobs_add(); -EBUSY: too many of them
 * are under way. */
int job_run(sd_event *event, const struct job_ops *ops, void *arg);

#endif
