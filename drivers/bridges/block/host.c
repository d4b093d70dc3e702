/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "block" in a driver host: reports on disks to ddekitd. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "class-host.h"
#include "driver-host/ddekitd.h"
#include "driver-host/mailbox.h"
#include "block/protocol.h"
#include "host-ring.h"

_Static_assert((int)DISK_PRESENT == (int)DDE_BLOCK_PRESENT &&
		       (int)DISK_CHANGED == (int)DDE_BLOCK_CHANGED &&
		       (int)DISK_GONE == (int)DDE_BLOCK_GONE,
	       "the same events");

struct block_bridge {
	struct bridge bridge; /* first */
	struct block_back *back;
	struct mail_queue *events;
	struct {
		char driver[32];
		bool present; /* as last sent */
	} disk[DDE_BLOCK_DISKS];
};

struct block_mail {
	uint32_t event;
	uint32_t index;
	char driver[32];
	struct dde_block_disk disk;
};

static struct block_bridge *block_of(struct bridge *bridge)
{
	return (struct block_bridge *)bridge;
}

/* CPU thread; one at a time, for the kernel half holds its lock. */
static void post_event(void *arg, uint32_t event, uint32_t index, const char *driver,
		       const struct dde_block_disk *disk)
{
	const struct block_bridge *block = arg;
	struct block_mail mail = { .event = event, .index = index, .disk = *disk };

	snprintf(mail.driver, sizeof(mail.driver), "%s", driver);
	mailbox_queue_post(block->events, &mail);
}

static void send_disk(uint32_t event, uint32_t index, const char *driver,
		      const struct dde_block_disk *disk)
{
	struct block_export m = {
		.event = event,
		.flags = disk->flags,
		.logical_block = disk->logical_block,
		.physical_block = disk->physical_block,
		.bytes = disk->bytes,
	};

	_Static_assert(sizeof(m.name) == sizeof(disk->name) &&
			       sizeof(m.model) == sizeof(disk->model) &&
			       sizeof(m.serial) == sizeof(disk->serial) &&
			       sizeof(m.wwid) == sizeof(disk->wwid),
		       "texts of equal size");
	memcpy(m.name, disk->name, sizeof(m.name));
	memcpy(m.model, disk->model, sizeof(m.model));
	memcpy(m.serial, disk->serial, sizeof(m.serial));
	memcpy(m.wwid, disk->wwid, sizeof(m.wwid));
	snprintf(m.driver, sizeof(m.driver), "%s", driver);
	wire_send_export("block", index, &m, sizeof(m));
}

/* A disk that leaves because its driver does is coming back. */
static void block_on_event(void *arg, const void *item)
{
	struct block_bridge *block = arg;
	const struct block_mail *mail = item;

	if (block->bridge.env->leaving())
		return;
	block->disk[mail->index].present = mail->event != DDE_BLOCK_GONE;
	memcpy(block->disk[mail->index].driver, mail->driver, sizeof(mail->driver));
	send_disk(mail->event, mail->index, mail->driver, &mail->disk);
}

static int block_open(const struct bridge_env *env, const struct bridge_parts *parts,
		      struct bridge **ret)
{
	struct block_bridge *block = calloc(1, sizeof(*block));
	int err;

	if (!block)
		return -ENOMEM;
	err = mailbox_queue_create(sizeof(struct block_mail), block_on_event, block,
				   &block->events);
	if (!err)
		err = block_back_open(parts->plugin, parts->fds, post_event, block, &block->back);
	if (err) {
		free(block);
		return err;
	}
	*ret = &block->bridge;
	return 0;
}

static bridge_fn block_attach(struct bridge *bridge)
{
	return block_back_up(block_of(bridge)->back)->attach;
}

static bridge_fn block_detach(struct bridge *bridge)
{
	return block_back_up(block_of(bridge)->back)->detach;
}

static void block_reloads(struct bridge *bridge)
{
}

static void block_resend(struct bridge *bridge)
{
	const struct block_bridge *block = block_of(bridge);
	const struct dde_block_disk *disk;
	uint32_t i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++) {
		disk = block_back_disk(block->back, i);
		if (block->disk[i].present && disk)
			send_disk(DISK_PRESENT, i, block->disk[i].driver, disk);
	}
}

/* Statistics are the front's; there is nothing to set. */
static bridge_fn block_stats(struct bridge *bridge)
{
	return NULL;
}

static bridge_fn block_request(struct bridge *bridge, void *data, void **ret_arg)
{
	return NULL;
}

extern const struct bridge_class block_bridge_class;
const struct bridge_class block_bridge_class = {
	.name = "block",
	.missing = "disk",
	.n_fds = BLOCK_FDS,
	.open = block_open,
	.attach = block_attach,
	.detach = block_detach,
	.reloads = block_reloads,
	.resend = block_resend,
	.stats = block_stats,
	.request = block_request,
};
