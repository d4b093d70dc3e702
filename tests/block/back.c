/* SPDX-License-Identifier: GPL-2.0-only */
/* A back that executes requests on a file; see back.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "back.h"

struct back {
	const struct back_options *o;
	const struct block_share *share;
	struct dde_block_ring *ring;
	char *data;
	int file;
	uint32_t issued[DDE_BLOCK_SLOTS], n_issued;
};

uint64_t back_bytes(const char *file)
{
	struct stat st;

	return stat(file, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

/* The disk's description; its sequence may be odd if an earlier back died while it wrote. */
static void describe(struct back *b)
{
	struct dde_block_disk *d = &b->ring->disk[0];
	uint32_t sequence = __atomic_load_n(&d->sequence, __ATOMIC_RELAXED) | 1;
	struct stat st;

	if (fstat(b->file, &st) < 0)
		exit(1);
	__atomic_store_n(&d->sequence, sequence, __ATOMIC_SEQ_CST);
	strcpy(d->name, BACK_NAME);
	strcpy(d->model, BACK_MODEL);
	strcpy(d->serial, "SIM 1");
	strcpy(d->wwid, "eui.0001");
	d->bytes = (uint64_t)st.st_size;
	d->logical_block = b->o->block;
	d->physical_block = b->o->block;
	d->max_bytes = b->o->max_bytes;
	d->discard_granularity = b->o->block;
	d->max_discard_bytes = 1u << 20;
	d->max_zeroes_bytes = 1u << 20;
	d->flags = b->o->no_disk ? 0
				 : DDE_BLOCK_D_PRESENT | DDE_BLOCK_D_WRITE_CACHE | DDE_BLOCK_D_FUA;
	__atomic_store_n(&d->sequence, sequence + 1, __ATOMIC_RELEASE);
}

static void signal_eventfd(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		exit(1);
}

static void issue(struct back *b, uint32_t n)
{
	__atomic_store_n(&b->ring->slot[n].state, DDE_BLOCK_ISSUED, __ATOMIC_RELEASE);
	if (!b->o->lost_offset || b->ring->slot[n].offset != b->o->lost_offset)
		b->issued[b->n_issued++] = n;
}

static void adopt_requests(struct back *b)
{
	uint32_t n, state;

	__atomic_add_fetch(&b->ring->attached, 1, __ATOMIC_SEQ_CST);
	for (n = 0; n < DDE_BLOCK_SLOTS; n++) {
		state = __atomic_load_n(&b->ring->slot[n].state, __ATOMIC_ACQUIRE);
		if (state == DDE_BLOCK_SUBMITTED || state == DDE_BLOCK_ISSUED)
			issue(b, n);
	}
	signal_eventfd(b->share->done);
}

static void issue_submitted(struct back *b)
{
	uint64_t bits;
	uint32_t w, n;

	for (w = 0; w < DDE_BLOCK_WORDS; w++)
		for (bits = __atomic_exchange_n(&b->ring->submitted[w], 0, __ATOMIC_ACQUIRE); bits;
		     bits &= bits - 1) {
			n = w * 64 + (uint32_t)__builtin_ctzll(bits);
			if (__atomic_load_n(&b->ring->slot[n].state, __ATOMIC_ACQUIRE) ==
			    DDE_BLOCK_SUBMITTED)
				issue(b, n);
		}
}

/* Transfers two halves: a back that dies in between leaves a torn write. */
static int transfer(struct back *b, const struct dde_block_slot *s, char *data, bool write_it)
{
	uint32_t at, half = s->bytes > 512 ? s->bytes / 2 : s->bytes;
	ssize_t n;

	for (at = 0; at < s->bytes; at += half) {
		if (half > s->bytes - at)
			half = s->bytes - at;
		n = write_it ? pwrite(b->file, data + at, half, (off_t)(s->offset + at))
			     : pread(b->file, data + at, half, (off_t)(s->offset + at));
		if (n != (ssize_t)half)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

static int write_zeroes(struct back *b, const struct dde_block_slot *s)
{
	static const char zeroes[65536];
	uint64_t at, part;

	for (at = 0; at < s->bytes; at += part) {
		part = s->bytes - at < sizeof(zeroes) ? s->bytes - at : sizeof(zeroes);
		if (pwrite(b->file, zeroes, part, (off_t)(s->offset + at)) != (ssize_t)part)
			return -EIO;
	}
	return 0;
}

static int execute(struct back *b, uint32_t n)
{
	const struct dde_block_slot *s = &b->ring->slot[n];
	char *data = b->data + (uint64_t)n * DDE_BLOCK_SLOT_BYTES;

	if (b->o->error_percent && (unsigned int)(rand() % 100) < b->o->error_percent)
		return -EIO;
	switch (s->op) {
	case DDE_BLOCK_READ:
		return transfer(b, s, data, false);
	case DDE_BLOCK_WRITE:
		return transfer(b, s, data, true);
	case DDE_BLOCK_FLUSH:
		return 0;
	default:
		return write_zeroes(b, s);
	}
}

/* Completes a random request. */
static void complete_one(struct back *b)
{
	uint32_t i = (uint32_t)rand() % b->n_issued, n = b->issued[i];
	struct dde_block_slot *s = &b->ring->slot[n];

	s->result = execute(b, n);
	b->issued[i] = b->issued[--b->n_issued];
	__atomic_store_n(&s->state, DDE_BLOCK_DONE, __ATOMIC_RELEASE);
	__atomic_or_fetch(&b->ring->done[n / 64], 1ull << n % 64, __ATOMIC_RELEASE);
	signal_eventfd(b->share->done);
}

void back_run(const struct block_share *share, const struct back_options *o)
{
	struct pollfd p = { .fd = share->kick, .events = POLLIN };
	struct back b = { .o = o, .share = share };
	uint64_t count;
	void *memory;

	b.file = open(o->file, O_RDWR | O_CLOEXEC);
	if (b.file < 0 || block_map_sealed(share->ring, DDE_BLOCK_TOTAL, &memory) < 0)
		exit(1);
	b.ring = memory;
	b.data = (char *)memory + DDE_BLOCK_DATA;
	srand((unsigned int)getpid());
	describe(&b);
	adopt_requests(&b);
	if (o->ready)
		o->ready();
	for (;;) {
		if (poll(&p, 1, b.n_issued ? 0 : -1) < 0 && errno != EINTR)
			exit(1);
		if (p.revents && read(share->kick, &count, sizeof(count)) < 0 && errno != EAGAIN)
			exit(1);
		issue_submitted(&b);
		if (b.n_issued && o->delay_us)
			usleep((unsigned int)rand() % o->delay_us);
		if (b.n_issued)
			complete_one(&b);
	}
}
