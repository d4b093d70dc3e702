/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of one ublk device; see ublk.h. */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ublk.h"

#define SECTOR_SHIFT 9
/* user_data of what is watched */
#define WAKE_TAG UINT64_MAX
#define DONE_TAG (UINT64_MAX - 1)
#define UNWATCH_TAG (UINT64_MAX - 2)
#define PAGE 4096u
#define UP(bytes) (((bytes) + PAGE - 1) & ~(size_t)(PAGE - 1))
#define DESC_BYTES UP(UBLK_DEPTH * sizeof(struct ublksrv_io_desc)) /* at most */
/* From one queue's descriptions to the next one's. */
#define DESC_STEP UP(UBLK_MAX_QUEUE_DEPTH * sizeof(struct ublksrv_io_desc))

struct tag {
	struct block_request req; /* first: done() finds the tag by it */
	struct ublk_queue *q;
	int result;
	struct tag *next; /* answered, to be committed */
	void *data;       /* UBLK_IO_BYTES, of a slot or its own */
	uint32_t kept;    /* as in req */
};

struct ublk_queue {
	struct ublk_device *device;
	uint16_t number;
	int wake;
	bool leads;
	bool unannounced;  /* requests were submitted, the back not woken yet */
	bool ends;         /* nothing is watched anew */
	uint32_t watching; /* eventfds */
	struct io_uring *uring;
	const struct ublksrv_io_desc *desc;
	bool running;
	pthread_t thread;
	pthread_mutex_t lock;
	struct tag *answered; /* with the lock; by other threads */
	struct tag *own;      /* answered by this queue's thread */
	uint32_t fetching;    /* commands that are with the kernel */
	uint32_t serving;     /* requests that are with the ring */
	struct tag tag[UBLK_DEPTH];
};

struct ublk_device {
	struct block_ring *ring;
	uint16_t disk;
	int cdev;
	struct ublk_queue *queue[UBLK_QUEUES];
};

/* Made before it is known which disks there are: later there are no rights to. */
static struct ring {
	struct io_uring uring;
	uint16_t personality;
} rings[DDE_BLOCK_DISKS][UBLK_QUEUES];
static uint32_t queues; /* of each device */
static uint32_t depth;  /* of each queue */
static struct {
	int done, poke;
	atomic_bool taken;
	uint32_t disks; /* their version, as last seen */
} lead = { .done = -1, .poke = -1 };
static _Thread_local struct ublk_queue *mine;

static struct io_uring_sqe *get_sqe(struct ublk_queue *q)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(q->uring);

	while (!sqe) {
		io_uring_submit(q->uring);
		sqe = io_uring_get_sqe(q->uring);
	}
	return sqe;
}

/* Asks the kernel for a request, with the answer to the last one of that tag. */
static void fetch(struct ublk_queue *q, uint16_t n, unsigned int op, int result)
{
	struct io_uring_sqe *sqe = get_sqe(q);
	struct ublksrv_io_cmd cmd = {
		.q_id = q->number, .tag = n, .result = result, .addr = (uintptr_t)q->tag[n].data
	};

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = q->device->cdev;
	if (op == UBLK_IO_FETCH_REQ)
		sqe->personality = rings[q->device->disk][q->number].personality;
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	sqe->user_data = n;
	q->fetching++;
}

/* Each write to it is an event; it is never read. */
static void queue_watch(struct ublk_queue *q, int eventfd, uint64_t tag)
{
	struct io_uring_sqe *sqe = get_sqe(q);

	io_uring_prep_poll_multishot(sqe, eventfd, POLLIN);
	sqe->user_data = tag;
	q->watching++;
}

static void unwatch(struct ublk_queue *q, uint64_t tag)
{
	struct io_uring_sqe *sqe = get_sqe(q);

	io_uring_prep_cancel64(sqe, tag, 0);
	sqe->user_data = UNWATCH_TAG;
}

static void signal_eventfd(int eventfd)
{
	uint64_t one = 1;

	if (write(eventfd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
}

/* In whichever thread reaps. */
static void on_done(struct block_request *req, int error)
{
	struct tag *t = (struct tag *)req;
	struct ublk_queue *q = t->q;

	t->result = error ? error : (int)req->bytes;
	if (q == mine) {
		t->next = q->own;
		q->own = t;
		return;
	}
	pthread_mutex_lock(&q->lock);
	t->next = q->answered;
	q->answered = t;
	/* With the lock: once the answer is taken the queue may end. */
	if (!t->next)
		signal_eventfd(q->wake);
	pthread_mutex_unlock(&q->lock);
}

static void commit(struct ublk_queue *q, struct tag *t)
{
	struct tag *next;

	for (; t; t = next) {
		next = t->next;
		q->serving--;
		fetch(q, (uint16_t)(t - q->tag), UBLK_IO_COMMIT_AND_FETCH_REQ, t->result);
	}
}

static void commit_answers(struct ublk_queue *q)
{
	struct tag *t = q->own;

	q->own = NULL;
	commit(q, t);
	pthread_mutex_lock(&q->lock);
	t = q->answered;
	q->answered = NULL;
	pthread_mutex_unlock(&q->lock);
	commit(q, t);
}

static int op_of(const struct ublksrv_io_desc *d)
{
	switch (ublksrv_get_op(d)) {
	case UBLK_IO_OP_READ:
		return DDE_BLOCK_READ;
	case UBLK_IO_OP_WRITE:
		return DDE_BLOCK_WRITE;
	case UBLK_IO_OP_FLUSH:
		return DDE_BLOCK_FLUSH;
	case UBLK_IO_OP_DISCARD:
		return DDE_BLOCK_DISCARD;
	case UBLK_IO_OP_WRITE_ZEROES:
		return DDE_BLOCK_WRITE_ZEROES;
	}
	return -EOPNOTSUPP;
}

static void serve(struct ublk_queue *q, uint16_t n)
{
	const struct ublksrv_io_desc *d = &q->desc[n];
	struct tag *t = &q->tag[n];
	int op = op_of(d);

	q->serving++;
	t->req = (struct block_request){
		.op = (uint8_t)op,
		.disk = q->device->disk,
		.data = t->data,
		.kept = t->kept,
		.done = on_done,
		.offset = d->start_sector << SECTOR_SHIFT,
		.bytes = (uint64_t)d->nr_sectors << SECTOR_SHIFT,
	};
	if (op == DDE_BLOCK_FLUSH)
		t->req.offset = t->req.bytes = 0;
	if (d->op_flags & UBLK_IO_F_FUA)
		t->req.flags |= DDE_BLOCK_FUA;
	if (op == DDE_BLOCK_WRITE_ZEROES && d->op_flags & UBLK_IO_F_NOUNMAP)
		t->req.flags |= DDE_BLOCK_NO_UNMAP;
	if (op < 0)
		on_done(&t->req, op);
	else if (block_ring_add(q->device->ring, &t->req))
		q->unannounced = true;
}

/* ---- the leading queue ---------------------------------------------------------- */

static void begin_to_lead(struct ublk_queue *q)
{
	q->leads = !atomic_exchange(&lead.taken, true);
	if (!q->leads)
		return;
	queue_watch(q, lead.done, DONE_TAG);
	signal_eventfd(lead.poke);
}

/* After its thread's end: whoever is poked reaps what came meanwhile. */
static void end_to_lead(struct ublk_queue *q)
{
	if (!q->leads)
		return;
	atomic_store(&lead.taken, false);
	signal_eventfd(lead.poke);
}

static void queue_reap(struct block_ring *ring)
{
	uint32_t disks = block_ring_disks_version(ring);

	block_ring_reap(ring);
	if (disks != lead.disks || block_ring_wait_ms(ring) >= 0)
		signal_eventfd(lead.poke);
	lead.disks = disks;
}

bool ublk_queues_lead(void)
{
	return atomic_load(&lead.taken);
}

/* ---- a queue's thread ----------------------------------------------------------- */

/* The kernel may end a watch, and says so by the last word of it. */
static void on_eventfd(struct ublk_queue *q, const struct io_uring_cqe *cqe, int eventfd)
{
	if (cqe->flags & IORING_CQE_F_MORE)
		return;
	q->watching--;
	if (q->ends)
		return;
	if (cqe->res < 0)
		abort();
	queue_watch(q, eventfd, cqe->user_data);
}

static void handle_cqe(struct ublk_queue *q, const struct io_uring_cqe *cqe)
{
	switch (cqe->user_data) {
	case UNWATCH_TAG:
		break;
	case WAKE_TAG:
		on_eventfd(q, cqe, q->wake);
		break;
	case DONE_TAG:
		on_eventfd(q, cqe, lead.done);
		queue_reap(q->device->ring);
		break;
	default:
		q->fetching--;
		if (cqe->res == UBLK_IO_RES_OK)
			serve(q, (uint16_t)cqe->user_data);
	}
}

/* Sleeps until there is something to handle. Return: 0, -errno. */
static int handle_all(struct ublk_queue *q)
{
	struct io_uring_cqe *cqe;
	int r = io_uring_submit_and_wait(q->uring, 1);

	if (r < 0 && r != -EINTR)
		return r;
	while (!io_uring_peek_cqe(q->uring, &cqe)) {
		handle_cqe(q, cqe);
		io_uring_cqe_seen(q->uring, cqe);
	}
	return 0;
}

/* What is watched would outlive the thread, and its last words be the next thread's. */
static void end_watching(struct ublk_queue *q)
{
	q->ends = true;
	unwatch(q, WAKE_TAG);
	if (q->leads)
		unwatch(q, DONE_TAG);
	while (q->watching && !handle_all(q))
		;
}

/* Ends once the device is being deleted and nothing is under way. */
static void *queue_run(void *arg)
{
	struct ublk_queue *q = arg;
	uint32_t n;

	mine = q;
	for (n = 0; n < depth; n++)
		fetch(q, n, UBLK_IO_FETCH_REQ, 0);
	queue_watch(q, q->wake, WAKE_TAG);
	begin_to_lead(q);
	while (q->fetching || q->serving) {
		if (handle_all(q))
			break;
		if (q->unannounced)
			block_ring_kick(q->device->ring);
		q->unannounced = false;
		commit_answers(q);
	}
	end_watching(q);
	return NULL;
}

/* ---- set-up ---------------------------------------------------------------------- */

/* liburing 2.3 has functions for it that it does not export. */
static int register_ring(const struct io_uring *uring, unsigned int op, const void *arg,
			 unsigned int n)
{
	return syscall(SYS_io_uring_register, uring->ring_fd, op, arg, n) < 0 ? -errno : 0;
}

static int make_ring(struct ring *ring)
{
	const struct io_uring_restriction only[] = {
		{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_URING_CMD },
		{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_POLL_ADD },
		{ .opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_ASYNC_CANCEL },
	};
	/* Its thread always comes back to wait: no need to interrupt it for its completions. */
	int r = io_uring_queue_init(2 * depth, &ring->uring,
				    IORING_SETUP_R_DISABLED | IORING_SETUP_COOP_TASKRUN);

	if (r < 0)
		return r;
	r = io_uring_register_personality(&ring->uring);
	if (r < 0)
		return r;
	ring->personality = (uint16_t)r;
	r = register_ring(&ring->uring, IORING_REGISTER_RESTRICTIONS, only, 3);
	return r ? r : register_ring(&ring->uring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

int ublk_queues_init(uint32_t per_device, int done, int poke)
{
	uint32_t i, k;
	int r = 0;

	lead.done = done;
	lead.poke = poke;
	queues = per_device;
	depth = UBLK_DEPTH / queues;
	for (i = 0; i < DDE_BLOCK_DISKS && !r; i++)
		for (k = 0; k < queues && !r; k++)
			r = make_ring(&rings[i][k]);
	return r;
}

static void free_buffers(struct ublk_queue *q)
{
	unsigned int n;

	for (n = 0; n < depth; n++)
		if (q->tag[n].kept)
			block_ring_let_go(q->device->ring, (int)q->tag[n].kept - 1);
		else
			free(q->tag[n].data);
}

static void queue_destroy(struct ublk_queue *q)
{
	if (!q)
		return;
	if (q->running)
		pthread_join(q->thread, NULL);
	end_to_lead(q);
	/* What an error left there is not for the next one. */
	io_uring_cq_advance(q->uring, io_uring_cq_ready(q->uring));
	if (q->desc)
		munmap((void *)q->desc, DESC_BYTES);
	free_buffers(q);
	if (q->wake >= 0)
		close(q->wake);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static int map_descriptions(struct ublk_queue *q)
{
	void *p = mmap(NULL, DESC_BYTES, PROT_READ, MAP_SHARED | MAP_POPULATE, q->device->cdev,
		       UBLKSRV_CMD_BUF_OFFSET + (off_t)q->number * (off_t)DESC_STEP);

	if (p == MAP_FAILED)
		return -errno;
	q->desc = p;
	return 0;
}

static int make_buffers(struct ublk_queue *q)
{
	unsigned int n;
	struct tag *t;
	int slot;

	for (n = 0; n < depth; n++) {
		t = &q->tag[n];
		t->q = q;
		slot = block_ring_keep(q->device->ring, &t->data);
		if (slot < 0)
			t->data = aligned_alloc(PAGE, UBLK_IO_BYTES);
		else
			t->kept = (uint32_t)slot + 1;
		if (!t->data)
			return -ENOMEM;
	}
	q->wake = eventfd(0, EFD_CLOEXEC);
	return q->wake < 0 ? -errno : 0;
}

static int queue_start(struct ublk_device *d, uint16_t number)
{
	struct ublk_queue *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return -ENOMEM;
	q->device = d;
	q->number = number;
	q->uring = &rings[d->disk][number].uring;
	q->wake = -1;
	pthread_mutex_init(&q->lock, NULL);
	d->queue[number] = q;
	r = map_descriptions(q);
	if (!r)
		r = make_buffers(q);
	if (!r)
		r = -pthread_create(&q->thread, NULL, queue_run, q);
	q->running = !r;
	return r;
}

int ublk_device_start(struct block_ring *ring, uint16_t disk, int cdev, struct ublk_device **ret)
{
	struct ublk_device *d = calloc(1, sizeof(*d));
	uint32_t i;
	int r = 0;

	if (!d) {
		close(cdev);
		return -ENOMEM;
	}
	*d = (struct ublk_device){ .ring = ring, .disk = disk, .cdev = cdev };
	*ret = d;
	for (i = 0; i < queues && !r; i++)
		r = queue_start(d, (uint16_t)i);
	return r;
}

void ublk_device_join(struct ublk_device *d)
{
	uint32_t i;

	for (i = 0; i < queues; i++)
		queue_destroy(d->queue[i]);
	close(d->cdev);
	free(d);
}
