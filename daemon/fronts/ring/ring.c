/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests, slots, answers, time-outs; see ring.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring-private.h"
#include "drivers/bridges/block/share.h"
#include "lib/util.h"

#define MS_NS 1000000ull
#define MAX_ERRNO 4095
#define NOT_KEPT 64 /* slots that nobody can keep */

/* ---- queues of requests ------------------------------------------------------ */

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void queue_add(struct queue *q, struct block_request *req)
{
	req->next = NULL;
	*q->end = req;
	q->end = &req->next;
}

static struct block_request *queue_take(struct queue *q)
{
	struct block_request *req = q->first;

	if (!req)
		return NULL;
	q->first = req->next;
	if (!q->first)
		q->end = &q->first;
	return req;
}

/* ---- from requests to slots ------------------------------------------------------ */

static void ring_wake(int eventfd)
{
	uint64_t one = 1;

	/* Full: then it is readable, which is all that counts. */
	if (write(eventfd, &one, sizeof(one)) < 0)
		return;
}

static struct dde_block_slot *slot_of(struct block_ring *ring, uint32_t n)
{
	return &ring->shared->slot[n];
}

static void *slot_data(struct block_ring *ring, uint32_t n)
{
	return ring->memory + DDE_BLOCK_DATA + (uint64_t)n * DDE_BLOCK_SLOT_BYTES;
}

static void announce(struct block_ring *ring, uint32_t n)
{
	__atomic_or_fetch(&ring->shared->submitted[n / 64], 1ull << n % 64, __ATOMIC_RELEASE);
}

struct piece {
	uint32_t slot;
	struct block_request *req;
	uint64_t offset;
	uint32_t bytes;
	const void *data; /* to be copied into the slot; NULL: nothing */
};

static bool has_data(uint8_t op)
{
	return op == DDE_BLOCK_READ || op == DDE_BLOCK_WRITE;
}

static uint64_t whole(const struct block_request *req)
{
	return req->op == DDE_BLOCK_FLUSH ? 1 : req->bytes;
}

/* It has a slot of its own, and needs no other. */
static bool fits_kept(const struct block_request *req)
{
	return req->kept && req->todo == whole(req) && req->todo <= req->part;
}

/* With the lock: a slot for the next bytes of the first request. */
static struct piece remove_piece(struct block_ring *ring)
{
	struct block_request *req = ring->waiting.first;
	uint32_t bytes = req->todo < req->part ? (uint32_t)req->todo : req->part;
	uint64_t done = whole(req) - req->todo;
	bool kept = fits_kept(req);
	void *data = has_data(req->op) && !kept ? (char *)req->data + done : NULL;
	struct piece p = {
		.slot = kept ? req->kept - 1 : ring->idle[--ring->n_idle],
		.req = req,
		.offset = req->offset + done,
		.bytes = req->op == DDE_BLOCK_FLUSH ? 0 : bytes,
		.data = req->op == DDE_BLOCK_WRITE ? data : NULL,
	};

	ring->part[p.slot] = (struct part){
		.phase = FILLING,
		.req = req,
		.data = data,
		.bytes = p.bytes,
	};
	ring->n_used++;
	req->parts++;
	req->todo -= bytes;
	if (!req->todo)
		queue_take(&ring->waiting);
	return p;
}

static void fill_slot(struct block_ring *ring, const struct piece *p)
{
	struct dde_block_slot *s = slot_of(ring, p->slot);

	if (p->data)
		memcpy(slot_data(ring, p->slot), p->data, p->bytes);
	s->op = p->req->op;
	s->flags = p->req->flags;
	s->disk = p->req->disk;
	s->offset = p->offset;
	s->bytes = p->bytes;
	s->result = 0;
	s->cookie = 0;
}

static bool may_fill(const struct block_ring *ring)
{
	return ring->waiting.first && !ring->n_orphans &&
	       (ring->n_idle || fits_kept(ring->waiting.first));
}

/* With the lock, which it releases while it copies: waiting requests into free slots.
 * Return: is the back to be woken? */
static bool fill_slots(struct block_ring *ring)
{
	bool any = false;

	while (may_fill(ring)) {
		struct piece p = remove_piece(ring);

		if (p.data)
			pthread_mutex_unlock(&ring->lock);
		fill_slot(ring, &p);
		if (p.data)
			pthread_mutex_lock(&ring->lock);
		ring->part[p.slot].phase = OUT;
		ring_age_add(ring, p.slot);
		__atomic_store_n(&slot_of(ring, p.slot)->state, DDE_BLOCK_SUBMITTED,
				 __ATOMIC_RELEASE);
		announce(ring, p.slot);
		any = true;
	}
	return any;
}

void block_ring_kick(struct block_ring *ring)
{
	ring_wake(ring->kick);
}

/* ---- answers -------------------------------------------------------------------- */

static void call_done(struct queue *ended)
{
	struct block_request *req;

	while ((req = queue_take(ended)))
		req->done(req, req->error);
}

/* With the lock: the request has an error; what is in no slot yet stays out. */
static void break_off(struct block_ring *ring, struct block_request *req, int error)
{
	struct block_request **at;

	if (!req->error)
		req->error = error;
	if (!req->todo)
		return;
	req->todo = 0;
	for (at = &ring->waiting.first; *at && *at != req; at = &(*at)->next)
		;
	if (*at != req)
		return;
	*at = req->next;
	if (!*at)
		ring->waiting.end = at;
}

static void end_if_over(struct block_ring *ring, struct block_request *req, struct queue *ended)
{
	if (req->parts || req->todo)
		return;
	ring_count_end(ring, req);
	queue_add(ended, req);
}

/* With the lock: the slot is free again. */
static void free_slot(struct block_ring *ring, uint32_t n, int error, struct queue *ended)
{
	struct block_request *req = ring->part[n].req;

	__atomic_store_n(&slot_of(ring, n)->state, DDE_BLOCK_FREE, __ATOMIC_RELEASE);
	ring_age_remove(ring, n);
	ring->part[n] = (struct part){ .phase = IDLE };
	ring->n_used--;
	if (!ring->kept[n])
		ring->idle[ring->n_idle++] = (uint16_t)n;
	if (!req) {
		ring->n_orphans--;
		return;
	}
	req->parts--;
	if (error)
		break_off(ring, req, error);
	end_if_over(ring, req, ended);
}

static int checked_result(struct block_ring *ring, uint32_t n)
{
	int32_t result = __atomic_load_n(&slot_of(ring, n)->result, __ATOMIC_RELAXED);

	if (result <= 0 && result >= -MAX_ERRNO)
		return result;
	count(&ring->control->violations, 1);
	return -EIO;
}

/* With the lock, which it releases meanwhile. The back said that slot n is DONE. */
static void finish_answer(struct block_ring *ring, uint32_t n, struct queue *ended)
{
	struct part *part = &ring->part[n];
	int error;

	if (part->phase != OUT ||
	    __atomic_load_n(&slot_of(ring, n)->state, __ATOMIC_ACQUIRE) != DDE_BLOCK_DONE) {
		count(&ring->control->violations, 1);
		return;
	}
	part->phase = ENDING;
	error = checked_result(ring, n);
	if (!error && part->req && part->req->op == DDE_BLOCK_READ && part->data) {
		pthread_mutex_unlock(&ring->lock);
		memcpy(part->data, slot_data(ring, n), part->bytes);
		pthread_mutex_lock(&ring->lock);
	}
	count(&ring->control->served, 1);
	free_slot(ring, n, error, ended);
}

static void finish_answers(struct block_ring *ring, struct queue *ended)
{
	uint64_t bits;
	uint32_t w;

	for (w = 0; w < DDE_BLOCK_WORDS; w++) {
		bits = __atomic_exchange_n(&ring->shared->done[w], 0, __ATOMIC_ACQUIRE);
		for (; bits; bits &= bits - 1)
			finish_answer(ring, w * 64 + (uint32_t)__builtin_ctzll(bits), ended);
	}
}

/* A back that died between a slot's DONE and its bit left that to us; so did a front
 * that died between a slot's SUBMITTED and its bit. */
static void look_at_all(struct block_ring *ring, struct queue *ended)
{
	bool any = false;
	uint32_t n, state;

	for (n = 0; n < DDE_BLOCK_SLOTS; n++) {
		if (ring->part[n].phase != OUT)
			continue;
		state = __atomic_load_n(&slot_of(ring, n)->state, __ATOMIC_ACQUIRE);
		if (state == DDE_BLOCK_DONE) {
			__atomic_and_fetch(&ring->shared->done[n / 64], ~(1ull << n % 64),
					   __ATOMIC_RELAXED);
			finish_answer(ring, n, ended);
		} else if (state == DDE_BLOCK_SUBMITTED) {
			announce(ring, n);
			any = true;
		}
	}
	if (any)
		ring_wake(ring->kick);
}

/* ---- time-outs --------------------------------------------------------------------- */

/* When requests have waited too long for a back; 0: not now. */
static uint64_t deadline(const struct block_ring *ring)
{
	uint64_t since = __atomic_load_n(&ring->control->absent_since, __ATOMIC_ACQUIRE);
	uint32_t ms = __atomic_load_n(&ring->control->timeout_ms, __ATOMIC_ACQUIRE);

	return since && ms ? since + ms * MS_NS : 0;
}

static bool is_late(const struct block_ring *ring)
{
	uint64_t end = deadline(ring);

	return end && mono_ns() >= end;
}

/* With the lock: what is in no slot. */
static void expire_waiting(struct block_ring *ring, struct queue *ended)
{
	struct block_request *req;

	while ((req = ring->waiting.first)) {
		count(&ring->control->expired, 1);
		break_off(ring, req, -EIO);
		end_if_over(ring, req, ended);
	}
}

/* With the lock: what is in a slot, if no back can look at it now. @all: else only what
 * backs have had for too long. */
static void withdraw(struct block_ring *ring, bool all, struct queue *ended)
{
	uint32_t is = BLOCK_BACK_NONE, n;

	if (!__atomic_compare_exchange_n(&ring->control->back, &is, BLOCK_BACK_WITHDRAWING, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	for (n = 0; n < DDE_BLOCK_SLOTS; n++) {
		if (ring->part[n].phase != OUT || (!all && !ring_age_over(ring, n)))
			continue;
		count(&ring->control->expired, 1);
		free_slot(ring, n, -EIO, ended);
	}
	is = BLOCK_BACK_WITHDRAWING;
	__atomic_compare_exchange_n(&ring->control->back, &is, BLOCK_BACK_NONE, false,
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static bool something_waits(const struct block_ring *ring)
{
	return ring->waiting.first || ring->n_used;
}

/* With the lock. */
static void expire(struct block_ring *ring, struct queue *ended)
{
	bool late = is_late(ring);

	if (!something_waits(ring))
		return;
	if (late)
		expire_waiting(ring, ended);
	if (late || ring_age_any_over(ring))
		withdraw(ring, late, ended);
}

int block_ring_wait_ms(struct block_ring *ring)
{
	uint64_t end, now;
	int ms = -1;

	pthread_mutex_lock(&ring->lock);
	end = something_waits(ring) ? deadline(ring) : 0;
	now = end ? mono_ns() : 0;
	/* It is over, and yet something waits: for ddekitd's word that the back is gone. */
	if (end && end <= now && ring->control->back == BLOCK_BACK_NONE)
		ms = 0;
	else if (end > now)
		ms = (end - now) / MS_NS < 3600000 ? (int)((end - now) / MS_NS) + 1 : 3600000;
	pthread_mutex_unlock(&ring->lock);
	return ms;
}

/* ---- the whole ---------------------------------------------------------------------- */

void block_ring_reap(struct block_ring *ring)
{
	uint32_t attached = __atomic_load_n(&ring->shared->attached, __ATOMIC_ACQUIRE);
	struct queue ended;
	uint32_t events;
	bool anew, kick;

	queue_init(&ended);
	pthread_mutex_lock(&ring->lock);
	events = __atomic_load_n(&ring->control->events, __ATOMIC_ACQUIRE);
	anew = attached != ring->attached || events != ring->events;
	if (attached != ring->attached)
		count(&ring->control->backs, 1);
	ring->attached = attached;
	ring->events = events;
	finish_answers(ring, &ended);
	if (anew)
		look_at_all(ring, &ended);
	expire(ring, &ended);
	kick = fill_slots(ring);
	__atomic_store_n(&ring->control->seen, events, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&ring->lock);
	if (kick)
		block_ring_kick(ring);
	call_done(&ended);
}

bool block_ring_add(struct block_ring *ring, struct block_request *req)
{
	struct queue ended;
	bool late, kick;
	int r;

	queue_init(&ended);
	req->parts = 0;
	req->todo = 0;
	req->error = 0;
	pthread_mutex_lock(&ring->lock);
	r = ring_check(ring, req);
	if (r) {
		pthread_mutex_unlock(&ring->lock);
		req->done(req, r);
		return false;
	}
	ring_count_start(ring, req);
	late = is_late(ring);
	if (late) {
		count(&ring->control->expired, 1);
		break_off(ring, req, -EIO);
	}
	if (req->todo)
		queue_add(&ring->waiting, req);
	else
		end_if_over(ring, req, &ended);
	kick = fill_slots(ring);
	/* The reaper did not know of a deadline while nothing waited. */
	if (deadline(ring))
		ring_wake(ring->event);
	pthread_mutex_unlock(&ring->lock);
	call_done(&ended);
	return kick;
}

void block_ring_submit(struct block_ring *ring, struct block_request *req)
{
	if (block_ring_add(ring, req))
		block_ring_kick(ring);
}

int block_ring_keep(struct block_ring *ring, void **ret_data)
{
	int n = -EBUSY;

	pthread_mutex_lock(&ring->lock);
	if (ring->n_idle > NOT_KEPT) {
		n = ring->idle[--ring->n_idle];
		ring->kept[n] = true;
		*ret_data = slot_data(ring, (uint32_t)n);
	}
	pthread_mutex_unlock(&ring->lock);
	return n;
}

void block_ring_let_go(struct block_ring *ring, int slot)
{
	pthread_mutex_lock(&ring->lock);
	ring->kept[slot] = false;
	ring->idle[ring->n_idle++] = (uint16_t)slot;
	pthread_mutex_unlock(&ring->lock);
}

struct sync {
	struct block_request req; /* first: done() finds the rest by it */
	sem_t over;
	int error;
};

static void wake_caller(struct block_request *req, int error)
{
	struct sync *s = (struct sync *)req;

	s->error = error;
	sem_post(&s->over);
}

int block_ring_io(struct block_ring *ring, const struct block_request *req)
{
	struct sync s = { .req = *req };

	s.req.done = wake_caller;
	sem_init(&s.over, 0, 0);
	block_ring_submit(ring, &s.req);
	while (sem_wait(&s.over) < 0)
		;
	sem_destroy(&s.over);
	return s.error;
}

int block_ring_event(const struct block_ring *ring)
{
	return ring->event;
}

int block_ring_serve(struct block_ring *ring, int life, int stop)
{
	struct pollfd p[4] = { { .fd = ring->done, .events = POLLIN },
			       { .fd = ring->event, .events = POLLIN },
			       { .fd = life, .events = POLLIN },
			       { .fd = stop, .events = POLLIN } };

	for (;;) {
		block_ring_reap(ring);
		if (poll(p, 4, block_ring_wait_ms(ring)) < 0 && errno != EINTR)
			return -errno;
		if (p[3].revents)
			return 0;
		if (p[2].revents && block_share_woken(life) < 0)
			return -EPIPE;
		if (p[0].revents)
			fd_drain_event(ring->done);
		if (p[1].revents)
			fd_drain_event(ring->event);
	}
}

void block_ring_give_up(struct block_ring *ring)
{
	struct block_share share = BLOCK_SHARE_NONE;

	share.c = ring->control;
	block_share_give_up(&share);
	ring_wake(ring->event);
}

/* ---- opening -------------------------------------------------------------------------- */

/* What a front before this one left in the slots. */
static void adopt_slots(struct block_ring *ring)
{
	uint32_t n, state;

	for (n = DDE_BLOCK_SLOTS; n--;) {
		state = __atomic_load_n(&slot_of(ring, n)->state, __ATOMIC_ACQUIRE);
		if (state == DDE_BLOCK_SUBMITTED || state == DDE_BLOCK_ISSUED) {
			ring->part[n].phase = OUT;
			ring_age_add(ring, n);
			ring->n_orphans++;
			ring->n_used++;
			continue;
		}
		__atomic_store_n(&slot_of(ring, n)->state, DDE_BLOCK_FREE, __ATOMIC_RELEASE);
		ring->idle[ring->n_idle++] = (uint16_t)n;
	}
}

static void reset_gauges(struct block_control *c)
{
	uint32_t i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++) {
		__atomic_store_n(&c->disk[i].in_flight, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&c->disk[i].opens, 0, __ATOMIC_RELAXED);
	}
}

static int map(struct block_ring *ring, const struct block_fds *fds)
{
	void *p;
	int r = block_map_sealed(fds->ring, DDE_BLOCK_TOTAL, &p);

	if (r < 0)
		return r;
	ring->memory = p;
	ring->shared = p;
	r = block_map_sealed(fds->control, sizeof(*ring->control), &p);
	if (r < 0)
		return r;
	ring->control = p;
	if (ring->control->magic != BLOCK_CONTROL_MAGIC ||
	    ring->control->version != BLOCK_CONTROL_VERSION ||
	    ring->shared->magic != DDE_BLOCK_RING_MAGIC ||
	    ring->shared->version != DDE_BLOCK_RING_VERSION ||
	    ring->shared->slots != DDE_BLOCK_SLOTS ||
	    ring->shared->slot_bytes != DDE_BLOCK_SLOT_BYTES)
		return -EINVAL;
	return 0;
}

int block_ring_open(const struct block_fds *fds, struct block_ring **ret)
{
	struct block_ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (!ring)
		return -ENOMEM;
	pthread_mutex_init(&ring->lock, NULL);
	queue_init(&ring->waiting);
	ring->kick = fds->kick;
	ring->done = fds->done;
	ring->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = ring->event < 0 ? -errno : map(ring, fds);
	if (r < 0) {
		block_ring_close(ring);
		return r;
	}
	adopt_slots(ring);
	reset_gauges(ring->control);
	/* So that the first reap looks at all. */
	ring->events = __atomic_load_n(&ring->control->events, __ATOMIC_ACQUIRE) - 1;
	ring->attached = __atomic_load_n(&ring->shared->attached, __ATOMIC_ACQUIRE);
	*ret = ring;
	return 0;
}

void block_ring_close(struct block_ring *ring)
{
	if (!ring)
		return;
	if (ring->control)
		munmap(ring->control, sizeof(*ring->control));
	if (ring->memory)
		munmap(ring->memory, DDE_BLOCK_TOTAL);
	fd_close(&ring->event);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}
