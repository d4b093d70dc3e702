/* SPDX-License-Identifier: GPL-2.0-only */
/* See mailbox.h. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "dde_host.h"
#include "mailbox.h"

enum { BIT_BOOTED = 1, BIT_HALTED = 2, BIT_NET = 4, BIT_DISK = 8 };
#define SLOTS (8 * DDE_BLOCK_DISKS)	/* a power of two */

/* What a bridge says. */
struct mail {
	uint32_t event;
	union {
		struct dde_net_info net;
		struct {
			uint32_t index;
			char driver[32];
			struct dde_block_disk disk;
		};
	};
};

/* One thread posts, the main loop takes; a full ring drops the oldest. */
struct ring {
	struct mail mail[SLOTS];
	_Atomic uint32_t head;		/* posted */
	uint32_t tail;			/* taken */
};

static struct {
	int fd;
	const struct mailbox_handlers *handlers;
	_Atomic(struct dde_request *) done;	/* stack of finished requests */
	_Atomic uint32_t bits;
	struct ring net;
	mailbox_net_fn on_net;
	struct ring disk;
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

static void ring_post(struct ring *ring, const struct mail *mail)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	ring->mail[head % SLOTS] = *mail;
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

static bool ring_take(struct ring *ring, struct mail *ret)
{
	uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);

	if (head - ring->tail > SLOTS)
		ring->tail = head - SLOTS;
	if (ring->tail == head)
		return false;
	*ret = ring->mail[ring->tail++ % SLOTS];
	return true;
}

/* One poster at a time: the kernel half calls with its rtnl lock held. */
void mailbox_post_net(uint32_t event, const struct dde_net_info *info)
{
	struct mail mail = { .event = event, .net = *info };

	ring_post(&box.net, &mail);
	post(BIT_NET);
}

static void take_net(void)
{
	struct mail mail;

	while (ring_take(&box.net, &mail))
		box.on_net(mail.event, &mail.net);
}

/* Likewise: with the bridge's lock held. */
void mailbox_post_disk(uint32_t event, uint32_t index, const char *driver,
		       const struct dde_block_disk *disk)
{
	struct mail mail = { .event = event, .index = index, .disk = *disk };

	snprintf(mail.driver, sizeof(mail.driver), "%s", driver);
	ring_post(&box.disk, &mail);
	post(BIT_DISK);
}

static void take_disk(void)
{
	struct mail mail;

	while (ring_take(&box.disk, &mail))
		box.on_disk(mail.event, mail.index, mail.driver, &mail.disk);
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
