/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests of one ublk device; see ublk.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ublk.h"

#define SECTOR_SHIFT 9
#define EVENT_TAG UINT64_MAX	/* user_data of the read of wake */
#define PAGE 4096u

struct tag {
	struct block_request req;	/* first: done() finds the tag by it */
	struct ublk_queue *q;
	int result;
	struct tag *next;		/* answered, to be committed */
	void *data;
};

struct ublk_queue {
	struct block_ring *ring;
	uint16_t disk;
	int cdev, wake;
	uint64_t wakes;			/* what is read from it */
	struct io_uring uring;
	const struct ublksrv_io_desc *desc;
	size_t desc_bytes;
	pthread_t thread;
	pthread_mutex_t lock;
	struct tag *answered;		/* with the lock */
	uint32_t fetching;		/* commands that are with the kernel */
	uint32_t serving;		/* requests that are with the ring */
	struct tag tag[UBLK_DEPTH];
};

static struct io_uring_sqe *get_sqe(struct ublk_queue *q)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&q->uring);

	while (!sqe) {
		io_uring_submit(&q->uring);
		sqe = io_uring_get_sqe(&q->uring);
	}
	return sqe;
}

/* Asks the kernel for a request, with the answer to the last one of that tag. */
static void fetch(struct ublk_queue *q, uint16_t n, unsigned int op, int result)
{
	struct io_uring_sqe *sqe = get_sqe(q);
	struct ublksrv_io_cmd cmd = { .q_id = 0, .tag = n, .result = result,
				      .addr = (uintptr_t)q->tag[n].data };

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = q->cdev;
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	sqe->user_data = n;
	q->fetching++;
}

static void listen_for_answers(struct ublk_queue *q)
{
	struct io_uring_sqe *sqe = get_sqe(q);

	io_uring_prep_read(sqe, q->wake, &q->wakes, sizeof(q->wakes), 0);
	sqe->user_data = EVENT_TAG;
}

/* In whichever thread reaps. */
static void on_done(struct block_request *req, int error)
{
	struct tag *t = (struct tag *)req;
	struct ublk_queue *q = t->q;
	uint64_t one = 1;

	t->result = error ? error : (int)req->bytes;
	pthread_mutex_lock(&q->lock);
	t->next = q->answered;
	q->answered = t;
	pthread_mutex_unlock(&q->lock);
	if (write(q->wake, &one, sizeof(one)) < 0)
		return;
}

static void commit_answers(struct ublk_queue *q)
{
	struct tag *t, *next;

	pthread_mutex_lock(&q->lock);
	t = q->answered;
	q->answered = NULL;
	pthread_mutex_unlock(&q->lock);
	for (; t; t = next) {
		next = t->next;
		q->serving--;
		fetch(q, (uint16_t)(t - q->tag), UBLK_IO_COMMIT_AND_FETCH_REQ, t->result);
	}
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
		.op = (uint8_t)op, .disk = q->disk, .data = t->data, .done = on_done,
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
	else
		block_ring_submit(q->ring, &t->req);
}

/* Return: false once the device is being deleted and nothing is under way. */
static bool take(struct ublk_queue *q, const struct io_uring_cqe *cqe)
{
	if (cqe->user_data == EVENT_TAG) {
		commit_answers(q);
		listen_for_answers(q);
	} else {
		q->fetching--;
		if (cqe->res == UBLK_IO_RES_OK)
			serve(q, (uint16_t)cqe->user_data);
	}
	return q->fetching || q->serving;
}

static void *run(void *arg)
{
	struct ublk_queue *q = arg;
	struct io_uring_cqe *cqe;
	bool going = true;
	uint16_t n;
	int r;

	for (n = 0; n < UBLK_DEPTH; n++)
		fetch(q, n, UBLK_IO_FETCH_REQ, 0);
	listen_for_answers(q);
	while (going) {
		r = io_uring_submit_and_wait(&q->uring, 1);
		if (r < 0 && r != -EINTR)
			break;
		while (going && !io_uring_peek_cqe(&q->uring, &cqe)) {
			going = take(q, cqe);
			io_uring_cqe_seen(&q->uring, cqe);
		}
	}
	return NULL;
}

static void destroy(struct ublk_queue *q)
{
	unsigned int n;

	io_uring_queue_exit(&q->uring);
	if (q->desc)
		munmap((void *)q->desc, q->desc_bytes);
	for (n = 0; n < UBLK_DEPTH; n++)
		free(q->tag[n].data);
	if (q->cdev >= 0)
		close(q->cdev);
	if (q->wake >= 0)
		close(q->wake);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static int open_device(struct ublk_queue *q, uint32_t id)
{
	char path[32];
	void *p;

	snprintf(path, sizeof(path), "/dev/ublkc%u", id);
	q->cdev = open(path, O_RDWR | O_CLOEXEC);
	if (q->cdev < 0)
		return -errno;
	q->desc_bytes = (UBLK_DEPTH * sizeof(*q->desc) + PAGE - 1) & ~(size_t)(PAGE - 1);
	p = mmap(NULL, q->desc_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, q->cdev,
		 UBLKSRV_CMD_BUF_OFFSET);
	if (p == MAP_FAILED)
		return -errno;
	q->desc = p;
	return 0;
}

static int make_buffers(struct ublk_queue *q)
{
	unsigned int n;

	for (n = 0; n < UBLK_DEPTH; n++) {
		q->tag[n].q = q;
		q->tag[n].data = aligned_alloc(PAGE, UBLK_IO_BYTES);
		if (!q->tag[n].data)
			return -ENOMEM;
	}
	q->wake = eventfd(0, EFD_CLOEXEC);
	return q->wake < 0 ? -errno : 0;
}

int ublk_queue_start(struct block_ring *ring, uint16_t disk, uint32_t id,
		     struct ublk_queue **ret)
{
	struct ublk_queue *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return -ENOMEM;
	q->ring = ring;
	q->disk = disk;
	q->cdev = q->wake = -1;
	r = io_uring_queue_init(2 * UBLK_DEPTH, &q->uring, 0);
	if (r < 0) {
		free(q);
		return r;
	}
	pthread_mutex_init(&q->lock, NULL);
	r = open_device(q, id);
	if (!r)
		r = make_buffers(q);
	if (!r)
		r = -pthread_create(&q->thread, NULL, run, q);
	if (r < 0) {
		destroy(q);
		return r;
	}
	*ret = q;
	return 0;
}

void ublk_queue_join(struct ublk_queue *q)
{
	pthread_join(q->thread, NULL);
	destroy(q);
}
