/* SPDX-License-Identifier: GPL-2.0-only */
/* One-shot timers. */
#include <errno.h>
#include <stdatomic.h>
#include <ddekit/sem.h>
#include <ddekit/thread.h>
#include <ddekit/timer.h>
#include "rig.h"

#define MS 1000000ull

static ddekit_sem_t *done;
static int order[3];
static atomic_int n;
static uint64_t fired_at;

static void setup(void)
{
	done = ddekit_sem_init(0);
}

static void teardown(void)
{
	ddekit_sem_deinit(done);
}

static void record_call(void *arg)
{
	fired_at = ddekit_time_ns();
	order[atomic_fetch_add(&n, 1)] = (int)(intptr_t)arg;
	ddekit_sem_up(done);
}

START_TEST(a_timer_fires_once_and_not_early)
{
	uint64_t start = ddekit_time_ns();
	int id = ddekit_add_timer(record_call, NULL, 10 * MS);

	ck_assert_int_gt(id, 0);
	ck_assert(ddekit_timer_pending(id));
	ck_assert_int_eq(ddekit_sem_down_timed(done, 5000), 0);
	ck_assert_uint_ge(fired_at, start + 10 * MS);
	ck_assert(!ddekit_timer_pending(id));
	ck_assert_int_eq(ddekit_sem_down_timed(done, 30), -ETIMEDOUT);
}
END_TEST

START_TEST(timers_fire_in_order_of_their_deadlines)
{
	uint64_t now = ddekit_time_ns();
	int i;

	ddekit_add_timer_at(record_call, (void *)3, now + 30 * MS);
	ddekit_add_timer_at(record_call, (void *)1, now + 10 * MS);
	ddekit_add_timer_at(record_call, (void *)2, now + 20 * MS);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(ddekit_sem_down_timed(done, 5000), 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(order[i], i + 1);
}
END_TEST

START_TEST(a_deleted_timer_does_not_fire)
{
	int id = ddekit_add_timer(record_call, NULL, 20 * MS);

	ck_assert_int_eq(ddekit_del_timer(id), 0);
	ck_assert_int_eq(ddekit_del_timer(id), -ENOENT);
	ck_assert(!ddekit_timer_pending(id));
	ck_assert_int_eq(ddekit_sem_down_timed(done, 40), -ETIMEDOUT);
}
END_TEST

static atomic_int phase;

static void run_slowly(void *arg)
{
	(void)arg;
	atomic_store(&phase, 1);
	ddekit_thread_msleep(30);
	atomic_store(&phase, 2);
}

START_TEST(deleting_a_running_timer_waits_for_its_end)
{
	int id = ddekit_add_timer(run_slowly, NULL, 0);

	while (atomic_load(&phase) == 0)
		ddekit_yield();
	ck_assert_int_eq(ddekit_del_timer(id), -ENOENT);
	ck_assert_int_eq(atomic_load(&phase), 2);
}
END_TEST

static atomic_int own_id;

static void rearm(void *arg)
{
	(void)arg;
	/* A timer does not wait for itself. */
	ck_assert_int_eq(ddekit_del_timer(atomic_load(&own_id)), -ENOENT);
	if (atomic_fetch_add(&n, 1) < 2)
		atomic_store(&own_id, ddekit_add_timer(rearm, NULL, 1 * MS));
	else
		ddekit_sem_up(done);
}

START_TEST(a_timer_may_add_and_delete_timers)
{
	atomic_store(&own_id, ddekit_add_timer(rearm, NULL, 20 * MS));
	ck_assert_int_eq(ddekit_sem_down_timed(done, 5000), 0);
	ck_assert_int_eq(atomic_load(&n), 3);
}
END_TEST

START_TEST(an_endless_delay_never_fires)
{
	int id = ddekit_add_timer(record_call, NULL, ~0ull);

	ck_assert_int_eq(ddekit_sem_down_timed(done, 10), -ETIMEDOUT);
	ck_assert_int_eq(ddekit_del_timer(id), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("timer");
	TCase *c = tcase_create("timer");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_timer_fires_once_and_not_early);
	tcase_add_test(c, timers_fire_in_order_of_their_deadlines);
	tcase_add_test(c, a_deleted_timer_does_not_fire);
	tcase_add_test(c, deleting_a_running_timer_waits_for_its_end);
	tcase_add_test(c, a_timer_may_add_and_delete_timers);
	tcase_add_test(c, an_endless_delay_never_fires);
	suite_add_tcase(s, c);
	return suite_run(s);
}
