/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt lines in the qtest stream, wherever they stand between replies.  The test
 * plays QEMU, whose answers lie in the socket before the question.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backend/emu/qtest.h"
#include "rig.h"

#define LINE (1u << 21)

static struct qtest q;
static int qemu;

static void setup(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	qemu = pair[1];
	qtest_init(&q, pair[0], 1000);
}

static void teardown(void)
{
	close(q.fd);
	close(qemu);
}

static void answers(const char *text)
{
	ck_assert_int_eq(write(qemu, text, strlen(text)), (ssize_t)strlen(text));
}

static uint64_t read_register(void)
{
	uint64_t v = 0;

	ck_assert_int_eq(qtest_read(&q, SPACE_MEM, 0x1000, 4, &v), 0);
	return v;
}

static void post(unsigned int n)
{
	while (n--)
		qtest_write(&q, SPACE_MEM, 0x1000, 4, 1);
}

START_TEST(a_line_before_the_reply_is_known)
{
	answers("IRQ raise 21\nOK 0x0000000000000007\n");
	ck_assert_uint_eq(read_register(), 7);
	ck_assert_uint_eq(q.lines, LINE);
}
END_TEST

START_TEST(a_line_behind_the_reply_is_known)
{
	answers("OK 0x0000000000000007\nIRQ raise 21\n");
	ck_assert_uint_eq(read_register(), 7);
	ck_assert_uint_eq(q.lines, LINE);
	answers("OK 0x0000000000000008\nIRQ lower 21\nIRQ raise 22\n");
	ck_assert_uint_eq(read_register(), 8);
	ck_assert_uint_eq(q.lines, LINE << 1);
}
END_TEST

START_TEST(a_line_behind_the_replies_to_a_read_and_a_write_is_known)
{
	uint64_t v;

	answers("OK 0x0000000000000007\nIRQ raise 22\nOK\nIRQ raise 21\n");
	ck_assert_int_eq(qtest_read_write(&q, 0x1000, &v, 0x1004, 4, 1), 0);
	ck_assert_uint_eq(v, 7);
	ck_assert_uint_eq(q.lines, LINE | LINE << 1);
}
END_TEST

START_TEST(a_line_behind_the_last_reply_waited_for_is_known)
{
	post(3);
	answers("OK\nOK\nOK\nIRQ raise 21\n");
	ck_assert_int_eq(qtest_drain(&q), 0);
	ck_assert_uint_eq(q.lines, LINE);
	ck_assert_uint_eq(q.pending, 0);
}
END_TEST

/* Half of the replies are waited for when there are too many; more may be there. */
START_TEST(a_line_behind_replies_nobody_waited_for_is_known)
{
	unsigned int i;

	post(QTEST_CAP);
	for (i = 0; i < QTEST_CAP - 1; i++)
		answers("OK\n");
	answers("IRQ raise 21\n");
	post(1);
	ck_assert_uint_eq(q.lines, LINE);
	ck_assert_uint_eq(q.pending, 2);
}
END_TEST

START_TEST(a_line_behind_a_block_is_known)
{
	uint8_t block[2];

	answers("OK 0x0102\nIRQ raise 21\n");
	ck_assert_int_eq(qtest_read_block(&q, 0x1000, block, 2), 0);
	ck_assert_int_eq(block[1], 2);
	ck_assert_uint_eq(q.lines, LINE);
}
END_TEST

START_TEST(half_a_line_is_known_when_the_rest_comes)
{
	answers("OK 0x0000000000000007\nIRQ rai");
	ck_assert_uint_eq(read_register(), 7);
	ck_assert_uint_eq(q.lines, 0);
	answers("se 21\n");
	ck_assert_int_eq(qtest_poll(&q), 0);
	ck_assert_uint_eq(q.lines, LINE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("qtest");
	TCase *t = tcase_create("lines");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_line_before_the_reply_is_known);
	tcase_add_test(t, a_line_behind_the_reply_is_known);
	tcase_add_test(t, a_line_behind_the_replies_to_a_read_and_a_write_is_known);
	tcase_add_test(t, a_line_behind_the_last_reply_waited_for_is_known);
	tcase_add_test(t, a_line_behind_replies_nobody_waited_for_is_known);
	tcase_add_test(t, a_line_behind_a_block_is_known);
	tcase_add_test(t, half_a_line_is_known_when_the_rest_comes);
	suite_add_tcase(s, t);
	return rig_run(s);
}
