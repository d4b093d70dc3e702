/* SPDX-License-Identifier: GPL-2.0-only */
/* The block bridge's checks on requests of a front. */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

#include "drivers/bridges/block/check.h"
#include "../lib/suite.h"

#define LOGICAL 4096u
#define CAPACITY (1ull << 30)

static struct dde_block_request q;

static void setup(void)
{
	q = (struct dde_block_request){ .op = DDE_BLOCK_WRITE, .offset = 8192, .bytes = 4096 };
}

static enum dde_block_verdict verdict(void)
{
	return dde_block_check(&q, LOGICAL, CAPACITY, 0);
}

START_TEST(valid_requests_pass)
{
	for (q.op = DDE_BLOCK_READ; q.op <= DDE_BLOCK_WRITE_ZEROES; q.op++) {
		q.offset = q.op == DDE_BLOCK_FLUSH ? 0 : CAPACITY - LOGICAL;
		q.bytes = q.op == DDE_BLOCK_FLUSH ? 0 : LOGICAL;
		ck_assert_int_eq(verdict(), DDE_BLOCK_FINE);
	}
}
END_TEST

START_TEST(unknown_operations_are_refused)
{
	unsigned int op;

	for (op = DDE_BLOCK_WRITE_ZEROES + 1; op <= UCHAR_MAX; op++) {
		q.op = (uint8_t)op;
		ck_assert_int_eq(verdict(), DDE_BLOCK_MALFORMED);
	}
}
END_TEST

START_TEST(only_operations_that_define_a_flag_accept_it)
{
	unsigned int op, flags;

	for (op = DDE_BLOCK_READ; op <= DDE_BLOCK_WRITE_ZEROES; op++)
		for (flags = 1; flags <= UCHAR_MAX; flags++) {
			bool good = (op == DDE_BLOCK_WRITE && flags == DDE_BLOCK_FUA) ||
				    (op == DDE_BLOCK_WRITE_ZEROES &&
				     flags <= (DDE_BLOCK_FUA | DDE_BLOCK_NO_UNMAP));

			setup();
			q.op = (uint8_t)op;
			q.flags = (uint8_t)flags;
			if (op == DDE_BLOCK_FLUSH)
				q.bytes = 0, q.offset = 0;
			ck_assert_int_eq(verdict(), good ? DDE_BLOCK_FINE : DDE_BLOCK_MALFORMED);
		}
}
END_TEST

START_TEST(partial_blocks_are_refused)
{
	q.bytes = 0;
	ck_assert_int_eq(verdict(), DDE_BLOCK_MALFORMED);
	q.bytes = LOGICAL + 512;
	ck_assert_int_eq(verdict(), DDE_BLOCK_MALFORMED);
	q.bytes = LOGICAL;
	q.offset = 512;
	ck_assert_int_eq(verdict(), DDE_BLOCK_MALFORMED);
}
END_TEST

START_TEST(data_larger_than_a_slot_is_refused)
{
	q.bytes = DDE_BLOCK_SLOT_BYTES;
	ck_assert_int_eq(verdict(), DDE_BLOCK_FINE);
	q.bytes += LOGICAL;
	ck_assert_int_eq(verdict(), DDE_BLOCK_MALFORMED);
	q.op = DDE_BLOCK_READ;
	ck_assert_int_eq(verdict(), DDE_BLOCK_MALFORMED);
	q.op = DDE_BLOCK_DISCARD;
	ck_assert_int_eq(verdict(), DDE_BLOCK_FINE);
}
END_TEST

START_TEST(requests_beyond_the_end_of_the_disk_are_refused)
{
	q.offset = CAPACITY;
	ck_assert_int_eq(verdict(), DDE_BLOCK_BEYOND);
	q.offset = CAPACITY - LOGICAL;
	q.bytes = 2 * LOGICAL;
	ck_assert_int_eq(verdict(), DDE_BLOCK_BEYOND);
	q.offset = UINT64_MAX - LOGICAL + 1; /* the sum would wrap */
	q.bytes = LOGICAL;
	ck_assert_int_eq(verdict(), DDE_BLOCK_BEYOND);
}
END_TEST

START_TEST(a_flush_has_no_range)
{
	q = (struct dde_block_request){ .op = DDE_BLOCK_FLUSH, .bytes = LOGICAL };
	ck_assert_int_eq(verdict(), DDE_BLOCK_MALFORMED);
	q = (struct dde_block_request){ .op = DDE_BLOCK_FLUSH, .offset = LOGICAL };
	ck_assert_int_eq(verdict(), DDE_BLOCK_MALFORMED);
}
END_TEST

START_TEST(a_read_only_disk_accepts_reads_and_flushes_only)
{
	unsigned int op;

	for (op = DDE_BLOCK_READ; op <= DDE_BLOCK_WRITE_ZEROES; op++) {
		bool good = op == DDE_BLOCK_READ || op == DDE_BLOCK_FLUSH;

		setup();
		q.op = (uint8_t)op;
		if (op == DDE_BLOCK_FLUSH)
			q.bytes = 0, q.offset = 0;
		ck_assert_int_eq(dde_block_check(&q, LOGICAL, CAPACITY, 1),
				 good ? DDE_BLOCK_FINE : DDE_BLOCK_READ_ONLY);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("block_check");
	TCase *c = tcase_create("block_check");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, valid_requests_pass);
	tcase_add_test(c, unknown_operations_are_refused);
	tcase_add_test(c, only_operations_that_define_a_flag_accept_it);
	tcase_add_test(c, partial_blocks_are_refused);
	tcase_add_test(c, data_larger_than_a_slot_is_refused);
	tcase_add_test(c, requests_beyond_the_end_of_the_disk_are_refused);
	tcase_add_test(c, a_flush_has_no_range);
	tcase_add_test(c, a_read_only_disk_accepts_reads_and_flushes_only);
	suite_add_tcase(s, c);
	return suite_run(s);
}
