/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ddekitd, a front and a back share: no front or back can make ddekitd wait, and no dead
 * back a front.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/fronts/ring/ring.h"
#include "drivers/bridges/block/share.h"
#include "ddekit/fd.h"
#include "../lib/suite.h"

#define BLOCK 512u

static struct block_share share;
static struct dde_block_ring *shared; /* as the back sees it */
static struct block_ring *ring;
static int answers, last_error;

static void describe(void)
{
	struct dde_block_disk *d = &shared->disk[0];

	strcpy(d->name, "nvme0n1");
	d->bytes = 1 << 20;
	d->logical_block = BLOCK;
	d->physical_block = BLOCK;
	d->max_bytes = 128 << 10;
	d->flags = DDE_BLOCK_D_PRESENT;
	d->sequence += 2;
}

static void setup(void)
{
	struct block_fds fds;
	void *p;

	ck_assert_int_eq(block_share_create(1000, &share), 0);
	ck_assert_int_eq(block_map_sealed(share.ring, DDE_BLOCK_TOTAL, &p), 0);
	shared = p;
	describe();
	ck_assert_int_eq(block_share_back_try_start(&share), 0);
	block_share_back_serves(&share);
	fds = (struct block_fds){ share.ring, share.control, share.kick, share.done };
	ck_assert_int_eq(block_ring_open(&fds, &ring), 0);
	block_ring_reap(ring);
}

static void teardown(void)
{
	block_ring_close(ring);
	munmap(shared, DDE_BLOCK_TOTAL);
	block_share_close(&share);
}

static void on_done(struct block_request *req, int error)
{
	last_error = error;
	__atomic_add_fetch(&answers, 1, __ATOMIC_RELEASE);
}

static struct block_request read_of(void *data)
{
	return (struct block_request){
		.op = DDE_BLOCK_READ, .bytes = BLOCK, .data = data, .done = on_done
	};
}

/* ---- eventfds that a back has changed ----------------------------------------------- */

/* A write to the eventfd now blocks. */
static void block_and_fill(int eventfd)
{
	uint64_t most = UINT64_MAX - 1;

	fd_drain_event(eventfd);
	ck_assert_int_eq(fcntl(eventfd, F_SETFL, 0), 0);
	ck_assert_int_eq(write(eventfd, &most, sizeof(most)), sizeof(most));
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void expect_as_created(int eventfd)
{
	ck_assert(!readable(eventfd));
	ck_assert(fcntl(eventfd, F_GETFL) & O_NONBLOCK);
}

START_TEST(ddekitd_does_not_wait_on_an_eventfd)
{
	block_and_fill(share.done);
	block_and_fill(share.kick);
	block_share_notify(&share);
	block_share_back_absent(&share);
	block_share_back_serves(&share);
	block_share_set_timeout(&share, 5);
	block_share_back_died(&share);
	ck_assert_int_eq(block_share_back_try_start(&share), 0);
}
END_TEST

START_TEST(eventfds_are_reset_before_a_new_back)
{
	block_share_back_died(&share);
	block_and_fill(share.done);
	block_and_fill(share.kick);
	ck_assert_int_eq(block_share_back_try_start(&share), 0);
	expect_as_created(share.done);
	expect_as_created(share.kick);
}
END_TEST

START_TEST(eventfds_are_reset_after_a_front_died)
{
	block_and_fill(share.done);
	block_and_fill(share.kick);
	block_share_front_died(&share);
	expect_as_created(share.done);
	expect_as_created(share.kick);
}
END_TEST

START_TEST(draining_an_empty_blocking_eventfd_does_not_wait)
{
	block_and_fill(share.done);
	fd_drain_event(share.done);
	fd_drain_event(share.done);
	ck_assert(!readable(share.done));
}
END_TEST

static void *submit_one(void *arg)
{
	block_ring_submit(ring, arg);
	return NULL;
}

START_TEST(the_death_of_the_back_frees_a_front_that_waits_on_an_eventfd)
{
	char data[BLOCK];
	struct block_request req = read_of(data);
	pthread_t thread;

	block_and_fill(share.kick);
	ck_assert_int_eq(pthread_create(&thread, NULL, submit_one, &req), 0);
	/* The front writes to the eventfd after it has filled the slot. */
	while (__atomic_load_n(&shared->slot[0].state, __ATOMIC_ACQUIRE) != DDE_BLOCK_SUBMITTED)
		sched_yield();
	block_share_back_died(&share);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(shared->slot[0].state, DDE_BLOCK_SUBMITTED);
}
END_TEST

START_TEST(a_deadline_wakes_the_front_by_its_own_eventfd)
{
	char data[BLOCK];
	struct block_request req = read_of(data);

	block_share_back_absent(&share);
	block_ring_reap(ring);
	block_and_fill(share.done);
	block_ring_submit(ring, &req);
	ck_assert(readable(block_ring_event(ring)));
	ck_assert_int_gt(block_ring_wait_ms(ring), 0);
}
END_TEST

/* ---- ddekitd's socket ------------------------------------------------------------------ */

static int life[2], stop;

static void *serve_ring(void *arg)
{
	*(int *)arg = block_ring_serve(ring, life[1], stop);
	return NULL;
}

static void open_life(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, life), 0);
	share.wake = life[0];
	stop = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_ge(stop, 0);
}

START_TEST(ddekitd_wakes_the_front_by_a_socket_and_its_end_is_reported)
{
	char data[BLOCK];
	struct block_request req = read_of(data);
	pthread_t thread;
	int result = 1;

	block_ring_submit(ring, &req);
	open_life();
	ck_assert_int_eq(pthread_create(&thread, NULL, serve_ring, &result), 0);
	block_share_back_died(&share);
	share.c->absent_since = 1; /* long ago */
	block_share_notify(&share);
	while (!__atomic_load_n(&answers, __ATOMIC_ACQUIRE))
		sched_yield();
	close(life[0]);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(result, -EPIPE);
	ck_assert_int_eq(last_error, -EIO);
}
END_TEST

START_TEST(ddekitd_does_not_wait_for_a_front_that_does_not_read)
{
	int i;

	open_life();
	for (i = 0; i < 100000; i++)
		block_share_notify(&share);
	for (i = 0; readable(life[1]); i++)
		ck_assert_int_eq(block_share_woken(life[1]), 0);
	ck_assert_int_gt(i, 0);
	ck_assert_int_eq(block_share_woken(life[1]), 0);
	close(life[1]);
	block_share_notify(&share);
}
END_TEST

START_TEST(waiting_requests_fail_once_ddekitd_is_gone)
{
	char data[BLOCK];
	struct block_request req = read_of(data);

	block_share_back_died(&share);
	block_share_set_timeout(&share, 0);
	block_ring_submit(ring, &req);
	block_ring_reap(ring);
	ck_assert_int_eq(answers, 0);
	block_ring_give_up(ring);
	ck_assert(readable(block_ring_event(ring)));
	block_ring_reap(ring);
	ck_assert_int_eq(last_error, -EIO);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("share");
	TCase *t = tcase_create("share");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, ddekitd_does_not_wait_on_an_eventfd);
	tcase_add_test(t, eventfds_are_reset_before_a_new_back);
	tcase_add_test(t, eventfds_are_reset_after_a_front_died);
	tcase_add_test(t, draining_an_empty_blocking_eventfd_does_not_wait);
	tcase_add_test(t, the_death_of_the_back_frees_a_front_that_waits_on_an_eventfd);
	tcase_add_test(t, a_deadline_wakes_the_front_by_its_own_eventfd);
	tcase_add_test(t, ddekitd_wakes_the_front_by_a_socket_and_its_end_is_reported);
	tcase_add_test(t, ddekitd_does_not_wait_for_a_front_that_does_not_read);
	tcase_add_test(t, waiting_requests_fail_once_ddekitd_is_gone);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_run(suite());
}
