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
#include "block/seam.h"
#include "net/seam.h"

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

typedef void (*mailbox_net_fn)(uint32_t event, const struct dde_net_info *info);
typedef void (*mailbox_disk_fn)(uint32_t event, uint32_t index, const char *driver,
				const struct dde_block_disk *disk);

int mailbox_open(sd_event *event, const struct mailbox_handlers *handlers);
/* Who takes the events of a bridge; set before there can be any. */
void mailbox_on_net(mailbox_net_fn fn);
void mailbox_on_disk(mailbox_disk_fn fn);

/* CPU threads. */
void mailbox_post_booted(void);
void mailbox_post_halted(void);
void mailbox_post_done(struct dde_request *req);
void mailbox_post_net(uint32_t event, const struct dde_net_info *info);
void mailbox_post_disk(uint32_t event, uint32_t index, const char *driver,
		       const struct dde_block_disk *disk);

/* Main thread: has fn(arg) run in the runtime, then call->done() in the loop. */
void call_submit(struct call *call, int64_t (*fn)(void *arg), void *arg,
		 void (*done)(struct call *call));

#endif
