/* SPDX-License-Identifier: GPL-2.0-only */
/* The ring's front half; the test plays the back step by step. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/fronts/ring/ring.h"
#include "daemon/lib/util.h"
#include "drivers/bridges/block/share.h"
#include "../lib/suite.h"

#define BLOCK 512u
#define SIZE (64ull << 20)

static struct block_share share;
static struct dde_block_ring *shared; /* as the back sees it */
static char *memory;
static struct block_ring *ring;
static int answers, last_error;

static struct block_fds fds(void)
{
	return (struct block_fds){ share.ring, share.control, share.kick, share.done };
}

static void open_front(void)
{
	struct block_fds f = fds();

	ck_assert_int_eq(block_ring_open(&f, &ring), 0);
	block_ring_reap(ring);
}

static void describe(void)
{
	struct dde_block_disk *d = &shared->disk[0];

	strcpy(d->name, "nvme0n1");
	d->bytes = SIZE;
	d->logical_block = BLOCK;
	d->physical_block = 4096;
	d->max_bytes = 128 << 10;
	d->discard_granularity = BLOCK;
	d->max_discard_bytes = 1 << 20;
	d->flags = DDE_BLOCK_D_PRESENT;
	d->sequence += 2;
}

static void setup(void)
{
	void *p;

	ck_assert_int_eq(block_share_create(1000, &share), 0);
	ck_assert_int_eq(block_map_sealed(share.ring, DDE_BLOCK_TOTAL, &p), 0);
	shared = p;
	memory = p;
	answers = 0;
	last_error = 1;
	describe();
	ck_assert_int_eq(block_share_back_try_start(&share), 0);
	block_share_back_serves(&share);
	open_front();
}

static void teardown(void)
{
	block_ring_close(ring);
	munmap(shared, DDE_BLOCK_TOTAL);
	block_share_close(&share);
}

static void on_done(struct block_request *req, int error)
{
	answers++;
	last_error = error;
}

static struct block_request request(uint8_t op, uint64_t offset, uint64_t bytes, void *data)
{
	return (struct block_request){
		.op = op, .offset = offset, .bytes = bytes, .data = data, .done = on_done
	};
}

static int submit(struct block_request *req)
{
	block_ring_submit(ring, req);
	return last_error;
}

static unsigned int count_slots(uint32_t state)
{
	unsigned int n, count = 0;

	for (n = 0; n < DDE_BLOCK_SLOTS; n++)
		count += shared->slot[n].state == state;
	return count;
}

static unsigned int first_slot(uint32_t state)
{
	unsigned int n = 0;

	while (n < DDE_BLOCK_SLOTS && shared->slot[n].state != state)
		n++;
	ck_assert_uint_lt(n, DDE_BLOCK_SLOTS);
	return n;
}

static char *slot_data(unsigned int n)
{
	return memory + DDE_BLOCK_DATA + (size_t)n * DDE_BLOCK_SLOT_BYTES;
}

static void mark_done(unsigned int n, int32_t result)
{
	shared->slot[n].result = result;
	__atomic_store_n(&shared->slot[n].state, DDE_BLOCK_DONE, __ATOMIC_RELEASE);
	__atomic_or_fetch(&shared->done[n / 64], 1ull << n % 64, __ATOMIC_RELEASE);
}

static void complete(unsigned int n, int32_t result)
{
	mark_done(n, result);
	block_ring_reap(ring);
}

/* ---- the rules ----------------------------------------------------------------- */

START_TEST(a_write_reaches_the_back_completely_and_completes_once)
{
	char data[BLOCK];
	struct block_request req = request(DDE_BLOCK_WRITE, 2 * BLOCK, BLOCK, data);
	unsigned int n;

	memset(data, 'x', sizeof(data));
	submit(&req);
	ck_assert_int_eq(answers, 0);
	n = first_slot(DDE_BLOCK_SUBMITTED);
	ck_assert(shared->submitted[n / 64] & 1ull << n % 64);
	ck_assert_uint_eq(shared->slot[n].op, DDE_BLOCK_WRITE);
	ck_assert_uint_eq(shared->slot[n].offset, 2 * BLOCK);
	ck_assert_uint_eq(shared->slot[n].bytes, BLOCK);
	ck_assert_int_eq(memcmp(slot_data(n), data, BLOCK), 0);
	complete(n, 0);
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(last_error, 0);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_FREE), DDE_BLOCK_SLOTS);
}
END_TEST

START_TEST(a_large_read_is_split_and_its_parts_are_in_the_right_places)
{
	size_t part = 128 << 10, bytes = 2 * part + BLOCK, i;
	char *data = calloc(1, bytes);
	struct block_request req = request(DDE_BLOCK_READ, 0, bytes, data);
	unsigned int n;

	submit(&req);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_SUBMITTED), 3);
	for (i = 0; i < 3; i++) {
		n = first_slot(DDE_BLOCK_SUBMITTED);
		ck_assert_int_eq(answers, 0);
		memset(slot_data(n), 'a' + (int)(shared->slot[n].offset / part),
		       shared->slot[n].bytes);
		complete(n, 0);
	}
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(data[0], 'a');
	ck_assert_int_eq(data[part], 'b');
	ck_assert_int_eq(data[2 * part + BLOCK - 1], 'c');
	free(data);
}
END_TEST

START_TEST(a_request_larger_than_all_slots_is_served)
{
	size_t bytes = 48ull << 20; /* 384 parts of 128 KiB */
	char *data = malloc(bytes);
	struct block_request req = request(DDE_BLOCK_WRITE, 0, bytes, data);
	unsigned int i;

	memset(data, 'w', bytes);
	submit(&req);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_SUBMITTED), DDE_BLOCK_SLOTS);
	for (i = 0; i < 384; i++)
		complete(first_slot(DDE_BLOCK_SUBMITTED), 0);
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(last_error, 0);
	free(data);
}
END_TEST

/* Keeps as many slots as the ring allows; the first is in *ret.  Return: their number. */
static int reserve_slots(int *ret, void **ret_data)
{
	void *data;
	int n = 0;

	*ret = block_ring_keep(ring, ret_data);
	ck_assert_int_ge(*ret, 0);
	while (block_ring_keep(ring, &data) >= 0)
		n++;
	return n + 1;
}

START_TEST(data_in_a_kept_slot_is_not_copied)
{
	struct block_request req;
	void *data;
	int slot, n = reserve_slots(&slot, &data);

	ck_assert_int_lt(n, (int)DDE_BLOCK_SLOTS);
	memset(data, 'k', BLOCK);
	ck_assert_int_eq(*slot_data((unsigned int)slot), 'k');
	req = request(DDE_BLOCK_WRITE, 0, BLOCK, data);
	req.kept = (uint32_t)slot + 1;
	submit(&req);
	ck_assert_uint_eq(first_slot(DDE_BLOCK_SUBMITTED), (unsigned int)slot);
	complete((unsigned int)slot, 0);
	req = request(DDE_BLOCK_READ, 0, BLOCK, data);
	req.kept = (uint32_t)slot + 1;
	submit(&req);
	ck_assert_uint_eq(first_slot(DDE_BLOCK_SUBMITTED), (unsigned int)slot);
	memset(data, 'r', BLOCK);
	complete((unsigned int)slot, 0);
	ck_assert_int_eq(answers, 2);
	ck_assert_int_eq(*(char *)data, 'r');
	block_ring_let_go(ring, slot);
	ck_assert_int_eq(block_ring_keep(ring, &data), slot);
}
END_TEST

START_TEST(no_other_request_uses_a_kept_slot)
{
	size_t part = 128 << 10, i;
	struct block_request req[DDE_BLOCK_SLOTS];
	unsigned int left;
	char other[BLOCK];
	void *data;
	int slot;

	left = DDE_BLOCK_SLOTS - (unsigned int)reserve_slots(&slot, &data);
	/* The request needs two slots; the kept one only holds its data. */
	memset(data, 'a', part);
	memset((char *)data + part, 'b', part);
	req[0] = request(DDE_BLOCK_WRITE, 0, 2 * part, data);
	req[0].kept = (uint32_t)slot + 1;
	submit(&req[0]);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_SUBMITTED), 2);
	ck_assert_uint_eq(shared->slot[slot].state, DDE_BLOCK_FREE);
	for (i = 1; i < left; i++) {
		req[i] = request(DDE_BLOCK_READ, 0, BLOCK, other);
		submit(&req[i]);
	}
	ck_assert_uint_eq(count_slots(DDE_BLOCK_SUBMITTED), left);
	ck_assert_uint_eq(shared->slot[slot].state, DDE_BLOCK_FREE);
	for (i = 0; i < DDE_BLOCK_SLOTS; i++) {
		if (shared->slot[i].state != DDE_BLOCK_SUBMITTED)
			continue;
		if (shared->slot[i].op == DDE_BLOCK_WRITE)
			ck_assert_int_eq(*slot_data((unsigned int)i),
					 shared->slot[i].offset ? 'b' : 'a');
		mark_done((unsigned int)i, 0);
	}
	block_ring_reap(ring);
	ck_assert_int_eq(answers, (int)left - 1);
	/* The last request had no slot before. */
	complete(first_slot(DDE_BLOCK_SUBMITTED), 0);
	ck_assert_int_eq(answers, (int)left);
}
END_TEST

START_TEST(requests_that_the_disk_cannot_serve_are_refused)
{
	char data[BLOCK];
	struct block_request odd = request(DDE_BLOCK_READ, 1, BLOCK, data);
	struct block_request beyond = request(DDE_BLOCK_READ, SIZE, BLOCK, data);
	struct block_request wraps = request(DDE_BLOCK_READ, 0ull - BLOCK, 2 * BLOCK, data);
	struct block_request zeroes = request(DDE_BLOCK_WRITE_ZEROES, 0, BLOCK, NULL);
	struct block_request nowhere = request(DDE_BLOCK_READ, 0, BLOCK, data);

	nowhere.disk = 1;
	ck_assert_int_eq(submit(&odd), -EINVAL);
	ck_assert_int_eq(submit(&beyond), -EINVAL);
	ck_assert_int_eq(submit(&wraps), -EINVAL);
	ck_assert_int_eq(submit(&zeroes), -EOPNOTSUPP);
	ck_assert_int_eq(submit(&nowhere), -ENODEV);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_FREE), DDE_BLOCK_SLOTS);
}
END_TEST

START_TEST(a_read_only_disk_refuses_writes)
{
	char data[BLOCK];
	struct block_request req = request(DDE_BLOCK_WRITE, 0, BLOCK, data);

	shared->disk[0].flags |= DDE_BLOCK_D_READ_ONLY;
	shared->disk[0].sequence += 2;
	ck_assert_int_eq(submit(&req), -EROFS);
}
END_TEST

START_TEST(an_error_fails_the_request_once_all_parts_are_complete)
{
	size_t bytes = 48ull << 20;
	char *data = malloc(bytes);
	struct block_request req = request(DDE_BLOCK_READ, 0, bytes, data);
	unsigned int i;

	submit(&req);
	complete(first_slot(DDE_BLOCK_SUBMITTED), -EIO);
	ck_assert_int_eq(answers, 0);
	for (i = 1; i < DDE_BLOCK_SLOTS; i++)
		complete(first_slot(DDE_BLOCK_SUBMITTED), 0);
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(last_error, -EIO);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_FREE), DDE_BLOCK_SLOTS);
	free(data);
}
END_TEST

/* ---- deaths ---------------------------------------------------------------------- */

START_TEST(a_completion_without_its_bit_is_found_after_the_next_back_attached)
{
	char data[BLOCK];
	struct block_request req = request(DDE_BLOCK_READ, 0, BLOCK, data);

	submit(&req);
	shared->slot[first_slot(DDE_BLOCK_SUBMITTED)].state = DDE_BLOCK_DONE;
	block_ring_reap(ring);
	ck_assert_int_eq(answers, 0);
	shared->attached++;
	block_ring_reap(ring);
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(last_error, 0);
}
END_TEST

START_TEST(a_new_front_waits_for_requests_of_the_old_one)
{
	char data[BLOCK] = "new";
	struct block_request old = request(DDE_BLOCK_WRITE, 0, BLOCK, data), req = old;
	unsigned int n;

	submit(&old);
	n = first_slot(DDE_BLOCK_SUBMITTED);
	shared->submitted[n / 64] = 0; /* as if the front died before it set the bit */
	block_ring_close(ring);
	open_front();
	ck_assert_msg(shared->submitted[n / 64] & 1ull << n % 64, "the front set no bit");
	submit(&req);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_SUBMITTED), 1);
	complete(n, 0);
	ck_assert_int_eq(answers, 0);
	complete(first_slot(DDE_BLOCK_SUBMITTED), 0);
	ck_assert_int_eq(answers, 1);
}
END_TEST

/* ---- time-outs ---------------------------------------------------------------------- */

static void expire_requests(void)
{
	share.c->absent_since = 1; /* long ago */
	block_share_notify(&share);
}

START_TEST(requests_wait_for_an_absent_back_until_the_timeout)
{
	char data[BLOCK];
	struct block_request req = request(DDE_BLOCK_WRITE, 0, BLOCK, data);

	submit(&req);
	ck_assert_int_eq(block_ring_wait_ms(ring), -1);
	block_share_back_died(&share);
	block_ring_reap(ring);
	ck_assert_int_eq(answers, 0);
	ck_assert_int_gt(block_ring_wait_ms(ring), 0);
	ck_assert_int_le(block_ring_wait_ms(ring), 1001);
	expire_requests();
	block_ring_reap(ring);
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(last_error, -EIO);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_FREE), DDE_BLOCK_SLOTS);
	ck_assert_uint_eq(share.c->back, BLOCK_BACK_NONE);
}
END_TEST

START_TEST(no_request_is_withdrawn_once_a_back_starts)
{
	char data[BLOCK];
	struct block_request req = request(DDE_BLOCK_WRITE, 0, BLOCK, data);

	submit(&req);
	block_share_back_died(&share);
	ck_assert_int_eq(block_share_back_try_start(&share), 0);
	expire_requests();
	block_ring_reap(ring);
	ck_assert_int_eq(answers, 0);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_SUBMITTED), 1);
	complete(first_slot(DDE_BLOCK_SUBMITTED), 0);
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(last_error, 0);
}
END_TEST

START_TEST(a_back_does_not_start_while_the_front_withdraws)
{
	block_share_back_died(&share);
	share.c->back = BLOCK_BACK_WITHDRAWING;
	ck_assert_int_eq(block_share_back_try_start(&share), -EAGAIN);
	block_share_front_died(&share);
	ck_assert_int_eq(block_share_back_try_start(&share), 0);
}
END_TEST

/* Even if it left an invalid state. */
START_TEST(a_dead_front_leaves_no_lock)
{
	block_share_back_died(&share);
	share.c->back = 77;
	ck_assert_int_eq(block_share_back_try_start(&share), -EAGAIN);
	block_share_front_died(&share);
	ck_assert_int_eq(block_share_back_try_start(&share), 0);
}
END_TEST

START_TEST(requests_after_the_timeout_fail_at_once_until_the_back_returns)
{
	char data[BLOCK];
	struct block_request req = request(DDE_BLOCK_READ, 0, BLOCK, data), again = req;

	block_share_back_died(&share);
	expire_requests();
	ck_assert_int_eq(submit(&req), -EIO);
	ck_assert_int_eq(block_share_back_try_start(&share), 0);
	block_share_back_serves(&share);
	submit(&again);
	complete(first_slot(DDE_BLOCK_SUBMITTED), 0);
	ck_assert_int_eq(answers, 2);
	ck_assert_int_eq(last_error, 0);
}
END_TEST

START_TEST(the_age_of_the_oldest_request_is_published)
{
	char data[BLOCK];
	struct block_request a = request(DDE_BLOCK_READ, 0, BLOCK, data), b = a, c = a;
	uint64_t before = mono_ns(), oldest;
	unsigned int n;

	ck_assert_uint_eq(share.c->oldest, 0);
	submit(&a);
	oldest = share.c->oldest;
	ck_assert_uint_ge(oldest, before);
	n = first_slot(DDE_BLOCK_SUBMITTED);
	submit(&b);
	submit(&c);
	ck_assert_uint_eq(share.c->oldest, oldest);
	complete(n, 0);
	ck_assert_uint_gt(share.c->oldest, oldest);
	while (count_slots(DDE_BLOCK_SUBMITTED))
		complete(first_slot(DDE_BLOCK_SUBMITTED), 0);
	ck_assert_int_eq(answers, 3);
	ck_assert_uint_eq(share.c->oldest, 0);
}
END_TEST

/* A request that no back answers: the others go on. */
START_TEST(only_what_backs_had_for_twice_the_timeout_is_withdrawn)
{
	char data[BLOCK];
	struct block_request old = request(DDE_BLOCK_READ, 0, BLOCK, data), req = old;
	uint64_t end;

	block_share_set_timeout(&share, 50);
	submit(&old);
	for (end = share.c->oldest + 100000000; mono_ns() < end;)
		;
	submit(&req);
	block_ring_reap(ring);
	ck_assert_int_eq(answers, 0);
	block_share_back_died(&share);
	ck_assert(!block_share_front_looked(&share));
	block_ring_reap(ring);
	ck_assert(block_share_front_looked(&share));
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(last_error, -EIO);
	ck_assert_uint_eq(share.c->expired, 1);
	ck_assert_uint_eq(count_slots(DDE_BLOCK_SUBMITTED), 1);
	ck_assert_int_eq(block_share_back_try_start(&share), 0);
	complete(first_slot(DDE_BLOCK_SUBMITTED), 0);
	ck_assert_int_eq(answers, 2);
	ck_assert_int_eq(last_error, 0);
}
END_TEST

/* ---- a back that violates the rules ----------------------------------------------- */

START_TEST(unsolicited_completions_are_ignored)
{
	char data[BLOCK];
	struct block_request req = request(DDE_BLOCK_READ, 0, BLOCK, data);
	unsigned int n;

	memset(shared->done, 0xff, sizeof(shared->done));
	block_ring_reap(ring);
	submit(&req);
	n = first_slot(DDE_BLOCK_SUBMITTED);
	memset(shared->done, 0xff, sizeof(shared->done)); /* before the slot is DONE */
	block_ring_reap(ring);
	ck_assert_int_eq(answers, 0);
	complete(n, 0);
	mark_done(n, 0); /* twice */
	block_ring_reap(ring);
	ck_assert_int_eq(answers, 1);
	ck_assert_uint_eq(share.c->violations, 2 * DDE_BLOCK_SLOTS + 1);
}
END_TEST

START_TEST(a_slot_changed_by_the_back_causes_no_write_outside_the_request)
{
	char data[3 * BLOCK];
	struct block_request req = request(DDE_BLOCK_READ, 0, BLOCK, data + BLOCK);
	unsigned int n;

	memset(data, 'k', sizeof(data));
	submit(&req);
	n = first_slot(DDE_BLOCK_SUBMITTED);
	memset(slot_data(n), 'd', DDE_BLOCK_SLOT_BYTES);
	shared->slot[n].bytes = ~0u;
	shared->slot[n].op = 0xff;
	shared->slot[n].disk = 0xffff;
	shared->slot[n].cookie = ~0ull;
	complete(n, 0);
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(data[BLOCK - 1], 'k');
	ck_assert_int_eq(data[BLOCK], 'd');
	ck_assert_int_eq(data[2 * BLOCK], 'k');
}
END_TEST

START_TEST(an_impossible_result_is_an_io_error)
{
	static const int32_t results[] = { 1, INT32_MAX, INT32_MIN, -4096 };
	char data[BLOCK];
	size_t i;

	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		struct block_request req = request(DDE_BLOCK_READ, 0, BLOCK, data);

		submit(&req);
		complete(first_slot(DDE_BLOCK_SUBMITTED), results[i]);
		ck_assert_int_eq(last_error, -EIO);
	}
	ck_assert_uint_eq(share.c->violations, 4);
}
END_TEST

START_TEST(an_invalid_disk_is_refused_and_the_last_valid_one_stays)
{
	static const struct {
		uint32_t logical, physical;
		uint64_t bytes;
	} bad[] = {
		{ 0, 512, 512 },           { 513, 1024, 513 }, { 512, 256, 512 },
		{ 1u << 31, 1u << 31, 0 }, { 512, 512, 513 },  { 512, 512, 1ull << 63 },
		{ 256, 512, 512 },
	};
	struct dde_block_disk d;
	size_t i;

	ck_assert_int_eq(block_ring_disk(ring, 0, &d), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		shared->disk[0].logical_block = bad[i].logical;
		shared->disk[0].physical_block = bad[i].physical;
		shared->disk[0].bytes = bad[i].bytes;
		shared->disk[0].sequence += 2;
		ck_assert_int_eq(block_disk_read(&shared->disk[0], &d), -EINVAL);
		ck_assert_int_eq(block_ring_disk(ring, 0, &d), 0);
		ck_assert_uint_eq(d.bytes, SIZE);
	}
	ck_assert_int_eq(block_ring_disk(ring, 1, &d), -ENODEV);
	ck_assert_int_eq(block_ring_disk(ring, DDE_BLOCK_DISKS, &d), -ENODEV);
}
END_TEST

START_TEST(a_description_that_is_never_complete_is_not_waited_for)
{
	struct dde_block_disk d;

	ck_assert_int_eq(block_ring_disk(ring, 0, &d), 0);
	shared->disk[0].sequence |= 1;
	ck_assert_int_eq(block_disk_read(&shared->disk[0], &d), -EAGAIN);
	ck_assert_int_eq(block_ring_disk(ring, 0, &d), 0);
}
END_TEST

START_TEST(texts_of_a_disk_are_terminated_and_printable)
{
	struct dde_block_disk *src = &shared->disk[0], d;

	memset(src->model, 'm', sizeof(src->model));
	memcpy(src->serial, "  a\x1b[31m\n ", 11);
	src->sequence += 2;
	ck_assert_int_eq(block_disk_read(src, &d), 0);
	ck_assert_uint_eq(strlen(d.model), sizeof(d.model) - 1);
	ck_assert_str_eq(d.serial, "a?[31m?");
	strcpy(src->name, "../x");
	ck_assert_int_eq(block_disk_read(src, &d), -EINVAL);
}
END_TEST

START_TEST(the_shared_memory_cannot_be_truncated)
{
	void *p;
	int fd = memfd_create("short", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_eq(ftruncate(share.ring, 0), -1);
	ck_assert_int_eq(ftruncate(share.control, 0), -1);
	ck_assert_int_eq(ftruncate(fd, 8192), 0);
	ck_assert_int_eq(block_map_sealed(fd, 8192, &p), -EINVAL);
	ck_assert_int_eq(block_map_sealed(share.control, 1ull << 30, &p), -EINVAL);
	close(fd);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("ring");
	TCase *t = tcase_create("ring");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_write_reaches_the_back_completely_and_completes_once);
	tcase_add_test(t, a_large_read_is_split_and_its_parts_are_in_the_right_places);
	tcase_add_test(t, a_request_larger_than_all_slots_is_served);
	tcase_add_test(t, data_in_a_kept_slot_is_not_copied);
	tcase_add_test(t, no_other_request_uses_a_kept_slot);
	tcase_add_test(t, requests_that_the_disk_cannot_serve_are_refused);
	tcase_add_test(t, a_read_only_disk_refuses_writes);
	tcase_add_test(t, an_error_fails_the_request_once_all_parts_are_complete);
	tcase_add_test(t, a_completion_without_its_bit_is_found_after_the_next_back_attached);
	tcase_add_test(t, a_new_front_waits_for_requests_of_the_old_one);
	tcase_add_test(t, requests_wait_for_an_absent_back_until_the_timeout);
	tcase_add_test(t, no_request_is_withdrawn_once_a_back_starts);
	tcase_add_test(t, a_back_does_not_start_while_the_front_withdraws);
	tcase_add_test(t, requests_after_the_timeout_fail_at_once_until_the_back_returns);
	tcase_add_test(t, a_dead_front_leaves_no_lock);
	tcase_add_test(t, the_age_of_the_oldest_request_is_published);
	tcase_add_test(t, only_what_backs_had_for_twice_the_timeout_is_withdrawn);
	tcase_add_test(t, unsolicited_completions_are_ignored);
	tcase_add_test(t, a_slot_changed_by_the_back_causes_no_write_outside_the_request);
	tcase_add_test(t, an_impossible_result_is_an_io_error);
	tcase_add_test(t, an_invalid_disk_is_refused_and_the_last_valid_one_stays);
	tcase_add_test(t, a_description_that_is_never_complete_is_not_waited_for);
	tcase_add_test(t, texts_of_a_disk_are_terminated_and_printable);
	tcase_add_test(t, the_shared_memory_cannot_be_truncated);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_run(suite());
}
