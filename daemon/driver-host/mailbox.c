/* SPDX-License-Identifier: GPL-2.0-only */
/* See mailbox.h. */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "dde_host.h"
#include "mailbox.h"

enum { BIT_BOOTED = 1, BIT_HALTED = 2 };
#define QUEUE_ITEMS 256u /* a power of two */

/* One thread posts, the main loop reads. */
struct mail_queue {
	struct mail_queue *next;
	size_t size; /* of an item */
	void (*fn)(void *arg, const void *item);
	void *arg;
	_Atomic uint32_t head; /* posted */
	uint32_t tail;         /* read */
	void *now;             /* the item being read */
	_Alignas(16) char items[];
};

static struct {
	int fd;
	const struct mailbox_handlers *handlers;
	_Atomic(struct dde_request *) done; /* stack of finished requests */
	_Atomic uint32_t bits;
	struct mail_queue *queues;
} box = { .fd = -1 };

static void mailbox_wake(void)
{
	uint64_t one = 1;
	ssize_t r = write(box.fd, &one, sizeof(one));

	(void)r; /* full means that a wake-up is pending already */
}

static void post(uint32_t bit)
{
	atomic_fetch_or(&box.bits, bit);
	mailbox_wake();
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
	mailbox_wake();
}

int mailbox_queue_create(size_t size, void (*fn)(void *arg, const void *item), void *arg,
			 struct mail_queue **ret)
{
	/* One more item, to be read into. */
	struct mail_queue *q = calloc(1, sizeof(*q) + (QUEUE_ITEMS + 1) * size);

	if (!q)
		return -ENOMEM;
	q->size = size;
	q->fn = fn;
	q->arg = arg;
	q->now = q->items + QUEUE_ITEMS * size;
	q->next = box.queues;
	box.queues = q;
	*ret = q;
	return 0;
}

void mailbox_queue_post(struct mail_queue *q, const void *item)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);

	memcpy(q->items + head % QUEUE_ITEMS * q->size, item, q->size);
	atomic_store_explicit(&q->head, head + 1, memory_order_release);
	mailbox_wake();
}

static bool queue_next(struct mail_queue *q)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);

	if (head - q->tail > QUEUE_ITEMS)
		q->tail = head - QUEUE_ITEMS;
	if (q->tail == head)
		return false;
	memcpy(q->now, q->items + q->tail++ % QUEUE_ITEMS * q->size, q->size);
	return true;
}

static void read_queues(void)
{
	struct mail_queue *q;

	for (q = box.queues; q; q = q->next)
		while (queue_next(q))
			q->fn(q->arg, q->now);
}

/* Oldest first: the stack is turned round. */
static void finish_calls(struct dde_request *req)
{
	struct dde_request *list = NULL;

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
	struct dde_request *done;
	uint64_t count;
	uint32_t bits;

	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	bits = atomic_exchange(&box.bits, 0);
	if (bits & BIT_BOOTED)
		box.handlers->booted();
	/* What a request posted before its end is in the queues by now. */
	done = atomic_exchange(&box.done, NULL);
	read_queues();
	finish_calls(done);
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
