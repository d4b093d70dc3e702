/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the CPU threads to the main loop: finished requests and events.  The
 * posting side takes no lock and does not block.
 */
#ifndef DDEKIT_HOST_MAILBOX_H
#define DDEKIT_HOST_MAILBOX_H

#include <stdint.h>
#include <systemd/sd-event.h>
#include "seam.h"

/* A request with what to do when it is done, on the main thread. */
struct call {
	struct dde_request req;
	void (*done)(struct call *call);
	void *arg;
};

struct mailbox_handlers {
	void (*booted)(void);
	void (*halted)(void);
};

int mailbox_open(sd_event *event, const struct mailbox_handlers *handlers);

struct mail_queue;

/**
 * mailbox_queue_create - a queue of events for a bridge
 * @size: bytes of an item
 * @fn:   called in the event loop for each item, which is borrowed for the call
 *
 * Main thread. The queue is never destroyed. If it is full, the oldest item is lost.
 * Return: 0, -ENOMEM.
 */
int mailbox_queue_create(size_t size, void (*fn)(void *arg, const void *item), void *arg,
			 struct mail_queue **ret);
/* CPU threads, one at a time for each queue. The item is copied. */
void mailbox_queue_post(struct mail_queue *q, const void *item);

/* CPU threads. */
void mailbox_post_booted(void);
void mailbox_post_halted(void);
void mailbox_post_done(struct dde_request *req);

/* Main thread: has fn(arg) run in the runtime, then call->done() in the loop. */
void call_submit(struct call *call, int64_t (*fn)(void *arg), void *arg,
		 void (*done)(struct call *call));

#endif
