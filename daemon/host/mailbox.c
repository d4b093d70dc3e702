/* SPDX-License-Identifier: GPL-2.0-only */
/* See mailbox.h. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "dde_host.h"
#include "mailbox.h"

enum { BIT_BOOTED = 1, BIT_HALTED = 2, BIT_NET = 4, BIT_DISK = 8 };
/* Powers of two; a full ring drops the oldest event. */
#define NET_SLOTS 64
#define DISK_SLOTS (8 * DDE_BLOCK_DISKS)

struct net_slot {
	uint32_t event;
	struct dde_net_info info;
};

struct disk_slot {
	uint32_t event;
	uint32_t index;
	char driver[32];
	struct dde_block_disk disk;
};

static struct {
	int fd;
	const struct mailbox_handlers *handlers;
	_Atomic(struct dde_request *) done;	/* stack of finished requests */
	_Atomic uint32_t bits;
	struct net_slot net[NET_SLOTS];
	_Atomic uint32_t net_head;		/* events posted */
	uint32_t net_tail;			/* events handled */
	mailbox_net_fn on_net;
	struct disk_slot disk[DISK_SLOTS];
	_Atomic uint32_t disk_head;
	uint32_t disk_tail;
	mailbox_disk_fn on_disk;
} box = { .fd = -1 };

static void wake(void)
{
	uint64_t one = 1;
	ssize_t r = write(box.fd, &one, sizeof(one));

	(void)r;	/* full means that a wake-up is pending already */
}

static void post(uint32_t bit)
{
	atomic_fetch_or(&box.bits, bit);
	wake();
}

void mailbox_post_booted(void)
{
	post(BIT_BOOTED);
}

void mailbox_post_halted(void)
{
	post(BIT_HALTED);
}

void mailbox_post_done(struct dde_request *req)
{
	req->next = atomic_load(&box.done);
	while (!atomic_compare_exchange_weak(&box.done, &req->next, req))
		;
	wake();
}

/* One poster at a time: the kernel half calls with its rtnl lock held. */
void mailbox_post_net(uint32_t event, const struct dde_net_info *info)
{
	uint32_t head = atomic_load_explicit(&box.net_head, memory_order_relaxed);
	struct net_slot *slot = &box.net[head % NET_SLOTS];

	slot->event = event;
	slot->info = *info;
	atomic_store_explicit(&box.net_head, head + 1, memory_order_release);
	post(BIT_NET);
}

static void take_net(void)
{
	uint32_t head = atomic_load_explicit(&box.net_head, memory_order_acquire);

	if (head - box.net_tail > NET_SLOTS)
		box.net_tail = head - NET_SLOTS;
	while (box.net_tail != head) {
		struct net_slot slot = box.net[box.net_tail++ % NET_SLOTS];

		box.on_net(slot.event, &slot.info);
	}
}

/* Likewise: with the bridge's lock held. */
void mailbox_post_disk(uint32_t event, uint32_t index, const char *driver,
		       const struct dde_block_disk *disk)
{
	uint32_t head = atomic_load_explicit(&box.disk_head, memory_order_relaxed);
	struct disk_slot *slot = &box.disk[head % DISK_SLOTS];

	slot->event = event;
	slot->index = index;
	snprintf(slot->driver, sizeof(slot->driver), "%s", driver);
	slot->disk = *disk;
	atomic_store_explicit(&box.disk_head, head + 1, memory_order_release);
	post(BIT_DISK);
}

static void take_disk(void)
{
	uint32_t head = atomic_load_explicit(&box.disk_head, memory_order_acquire);

	if (head - box.disk_tail > DISK_SLOTS)
		box.disk_tail = head - DISK_SLOTS;
	while (box.disk_tail != head) {
		struct disk_slot slot = box.disk[box.disk_tail++ % DISK_SLOTS];

		box.on_disk(slot.event, slot.index, slot.driver, &slot.disk);
	}
}

void mailbox_on_net(mailbox_net_fn fn)
{
	box.on_net = fn;
}

void mailbox_on_disk(mailbox_disk_fn fn)
{
	box.on_disk = fn;
}

/* Oldest first: the stack is turned round. */
static void take_done(void)
{
	struct dde_request *req = atomic_exchange(&box.done, NULL), *list = NULL;

	while (req) {
		struct dde_request *next = req->next;

		req->next = list;
		list = req;
		req = next;
	}
	while (list) {
		struct call *call = list->owner;

		list = list->next;
		call->done(call);
	}
}

static int on_mail(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	uint64_t count;
	uint32_t bits;

	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	bits = atomic_exchange(&box.bits, 0);
	if (bits & BIT_BOOTED)
		box.handlers->booted();
	if (bits & BIT_NET)
		take_net();
	if (bits & BIT_DISK)
		take_disk();
	take_done();
	if (bits & BIT_HALTED)
		box.handlers->halted();
	return 0;
}

int mailbox_open(sd_event *event, const struct mailbox_handlers *handlers)
{
	box.handlers = handlers;
	box.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (box.fd < 0)
		return -errno;
	return sd_event_add_io(event, NULL, box.fd, EPOLLIN, on_mail, NULL);
}

void call_submit(struct call *call, int64_t (*fn)(void *arg), void *arg,
		 void (*done)(struct call *call))
{
	call->req = (struct dde_request){ .fn = fn, .arg = arg, .owner = call };
	call->done = done;
	dde_host_submit(&call->req);
}
