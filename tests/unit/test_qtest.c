/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt messages in the qtest stream, anywhere between replies, and the deadline.  The
 * test plays QEMU, which writes its replies before the command is sent.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "backend/emu/qemu/qtest.h"
#include "deadline.h"
#include "rig.h"

#define LINE (1u << 21)

static struct qtest q;
static int qemu;

static void setup(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	qemu = pair[1];
	qtest_init(&q, pair[0]);
	q.deadline = deadline_ns(1000);
}

static void teardown(void)
{
	close(q.fd);
	close(qemu);
}

static void queue_replies(const char *text)
{
	ck_assert_int_eq(write(qemu, text, strlen(text)), (ssize_t)strlen(text));
}

static uint64_t read_register(void)
{
	uint64_t v = 0;

	ck_assert_int_eq(qtest_read(&q, SPACE_MEM, 0x1000, 4, &v), 0);
	return v;
}

static void post_writes(unsigned int n)
{
	while (n--)
		qtest_write(&q, SPACE_MEM, 0x1000, 4, 1);
}

START_TEST(a_line_before_the_reply_is_seen)
{
	queue_replies("IRQ raise 21\nOK 0x0000000000000007\n");
	ck_assert_uint_eq(read_register(), 7);
	ck_assert_uint_eq(q.lines, LINE);
}
END_TEST

START_TEST(a_line_after_the_reply_is_seen)
{
	queue_replies("OK 0x0000000000000007\nIRQ raise 21\n");
	ck_assert_uint_eq(read_register(), 7);
	ck_assert_uint_eq(q.lines, LINE);
	queue_replies("OK 0x0000000000000008\nIRQ lower 21\nIRQ raise 22\n");
	ck_assert_uint_eq(read_register(), 8);
	ck_assert_uint_eq(q.lines, LINE << 1);
}
END_TEST

START_TEST(a_line_after_the_replies_to_a_read_and_a_write_is_seen)
{
	uint64_t v;

	queue_replies("OK 0x0000000000000007\nIRQ raise 22\nOK\nIRQ raise 21\n");
	ck_assert_int_eq(qtest_read_write(&q, 0x1000, &v, 0x1004, 4, 1), 0);
	ck_assert_uint_eq(v, 7);
	ck_assert_uint_eq(q.lines, LINE | LINE << 1);
}
END_TEST

START_TEST(a_line_after_the_last_awaited_reply_is_seen)
{
	post_writes(3);
	queue_replies("OK\nOK\nOK\nIRQ raise 21\n");
	ck_assert_int_eq(qtest_drain(&q), 0);
	ck_assert_uint_eq(q.lines, LINE);
	ck_assert_uint_eq(q.pending, 0);
}
END_TEST

/* With too many pending replies, qtest waits for half of them; the socket may have more. */
START_TEST(a_line_after_replies_not_waited_for_is_seen)
{
	unsigned int i;

	post_writes(QTEST_CAP);
	for (i = 0; i < QTEST_CAP - 1; i++)
		queue_replies("OK\n");
	queue_replies("IRQ raise 21\n");
	post_writes(1);
	ck_assert_uint_eq(q.lines, LINE);
	ck_assert_uint_eq(q.pending, 2);
}
END_TEST

START_TEST(a_line_after_a_block_is_seen)
{
	uint8_t block[2];

	queue_replies("OK 0x0102\nIRQ raise 21\n");
	ck_assert_int_eq(qtest_read_block(&q, 0x1000, block, 2), 0);
	ck_assert_int_eq(block[1], 2);
	ck_assert_uint_eq(q.lines, LINE);
}
END_TEST

START_TEST(a_partial_line_is_seen_once_complete)
{
	queue_replies("OK 0x0000000000000007\nIRQ rai");
	ck_assert_uint_eq(read_register(), 7);
	ck_assert_uint_eq(q.lines, 0);
	queue_replies("se 21\n");
	ck_assert_int_eq(qtest_poll(&q), 0);
	ck_assert_uint_eq(q.lines, LINE);
}
END_TEST

/* ---- the deadline ---------------------------------------------------------- */

#define DEADLINE_MS 200u
#define SLACK_US 1000000u /* the machine may be busy */

static atomic_bool over;

/* Interrupt messages without end, and no reply. */
static void *stream_lines(void *arg)
{
	static const char events[] = "IRQ raise 21\nIRQ lower 21\n";

	while (!over)
		if (send(qemu, events, sizeof(events) - 1, MSG_NOSIGNAL) < 0)
			break;
	return NULL;
}

/* A reply byte by byte, each soon after the last. */
static void *send_slowly(void *arg)
{
	static const char reply[] = "OK 0x0000000000000007\n";
	struct timespec pause = { 0, 20000000 };
	size_t i;

	for (i = 0; !over && i < sizeof(reply) - 1; i++) {
		if (send(qemu, reply + i, 1, MSG_NOSIGNAL) < 0)
			break;
		nanosleep(&pause, NULL); /* the peer's pace, not a wait for a condition */
	}
	return NULL;
}

static int read_one(void)
{
	uint64_t v;

	return qtest_read(&q, SPACE_MEM, 0x1000, 4, &v);
}

static int resync(void)
{
	return qtest_resync(&q);
}

static int write_many(void)
{
	unsigned int i;

	for (i = 0; i < 100000 && !q.dead; i++)
		post_writes(1);
	return qtest_drain(&q);
}

static void expect_timeout(int (*operation)(void), void *(*peer)(void *))
{
	pthread_t thread;
	uint64_t start, took;

	over = false;
	if (peer)
		ck_assert_int_eq(pthread_create(&thread, NULL, peer, NULL), 0);
	start = rig_now_us();
	q.deadline = deadline_ns(DEADLINE_MS);
	ck_assert_int_eq(operation(), -EIO);
	took = rig_now_us() - start;
	ck_assert_uint_ge(took, DEADLINE_MS * 1000);
	ck_assert_uint_lt(took, DEADLINE_MS * 1000 + SLACK_US);
	ck_assert(q.dead && q.timed_out);
	over = true;
	shutdown(qemu, SHUT_RDWR);
	if (peer)
		pthread_join(thread, NULL);
}

START_TEST(reading_from_a_silent_peer_ends_at_the_deadline)
{
	expect_timeout(read_one, NULL);
}
END_TEST

START_TEST(reading_from_a_peer_that_streams_lines_ends_at_the_deadline)
{
	expect_timeout(read_one, stream_lines);
}
END_TEST

START_TEST(reading_from_a_slow_peer_ends_at_the_deadline)
{
	expect_timeout(read_one, send_slowly);
}
END_TEST

START_TEST(resync_ends_at_the_deadline)
{
	expect_timeout(resync, stream_lines);
}
END_TEST

START_TEST(writing_to_a_silent_peer_ends_at_the_deadline)
{
	expect_timeout(write_many, NULL);
}
END_TEST

START_TEST(a_closed_connection_is_not_a_timeout)
{
	shutdown(qemu, SHUT_RDWR);
	ck_assert_int_eq(read_one(), -EIO);
	ck_assert(q.dead && !q.timed_out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("qtest");
	TCase *t = tcase_create("lines");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_line_before_the_reply_is_seen);
	tcase_add_test(t, a_line_after_the_reply_is_seen);
	tcase_add_test(t, a_line_after_the_replies_to_a_read_and_a_write_is_seen);
	tcase_add_test(t, a_line_after_the_last_awaited_reply_is_seen);
	tcase_add_test(t, a_line_after_replies_not_waited_for_is_seen);
	tcase_add_test(t, a_line_after_a_block_is_seen);
	tcase_add_test(t, a_partial_line_is_seen_once_complete);
	tcase_add_test(t, reading_from_a_silent_peer_ends_at_the_deadline);
	tcase_add_test(t, reading_from_a_peer_that_streams_lines_ends_at_the_deadline);
	tcase_add_test(t, reading_from_a_slow_peer_ends_at_the_deadline);
	tcase_add_test(t, resync_ends_at_the_deadline);
	tcase_add_test(t, writing_to_a_silent_peer_ends_at_the_deadline);
	tcase_add_test(t, a_closed_connection_is_not_a_timeout);
	suite_add_tcase(s, t);
	return suite_run(s);
}
