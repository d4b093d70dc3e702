/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads, locks, semaphores, condition variables. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include <ddekit/condvar.h>
#include <ddekit/lock.h>
#include <ddekit/sem.h>
#include <ddekit/thread.h>
#include "rig.h"

static atomic_int hits;

static void count_call(void *arg)
{
	(void)arg;
	atomic_fetch_add(&hits, 1);
}

START_TEST(a_thread_runs_its_function_and_can_be_joined)
{
	ddekit_thread_t *t = ddekit_thread_create(count_call, NULL, "worker");

	ck_assert_ptr_nonnull(t);
	ddekit_thread_join(t);
	ck_assert_int_eq(atomic_load(&hits), 1);
}
END_TEST

static void check_self(void *arg)
{
	ddekit_thread_t *me = ddekit_thread_myself();
	char name[32] = "";

	pthread_getname_np(pthread_self(), name, sizeof(name));
	ck_assert_str_eq(name, "a-name-longer-t");
	ck_assert_str_eq(ddekit_thread_get_name(me), name);
	ck_assert_int_eq(ddekit_thread_get_id(me), gettid());
	ck_assert_ptr_null(ddekit_thread_get_my_data());
	ddekit_thread_set_my_data(arg);
	ck_assert_ptr_eq(ddekit_thread_get_data(me), arg);
	ddekit_thread_exit();
}

START_TEST(a_thread_knows_itself_its_name_and_its_data)
{
	ddekit_thread_t *t = ddekit_thread_create(check_self, &hits, "a-name-longer-than-kept");

	ck_assert_int_ne(ddekit_thread_get_id(t), gettid());
	ddekit_thread_join(t);
}
END_TEST

static void check_mask(void *arg)
{
	sigset_t set;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	*(int *)arg = sigismember(&set, SIGTERM);
}

START_TEST(signals_are_blocked_in_new_threads_only)
{
	sigset_t set;
	int blocked = 0;

	ddekit_thread_join(ddekit_thread_create(check_mask, &blocked, NULL));
	ck_assert_int_eq(blocked, 1);
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	ck_assert_int_eq(sigismember(&set, SIGTERM), 0);
}
END_TEST

START_TEST(a_thread_not_created_by_the_library_can_be_set_up)
{
	ddekit_thread_t *me;

	ck_assert_ptr_null(ddekit_thread_myself());
	me = ddekit_thread_setup_myself("main");
	ck_assert_ptr_nonnull(me);
	ck_assert_ptr_eq(ddekit_thread_myself(), me);
	ck_assert_ptr_eq(ddekit_thread_setup_myself("renamed"), me);
	ck_assert_str_eq(ddekit_thread_get_name(me), "renamed");
	ck_assert_int_eq(ddekit_thread_get_id(me), gettid());
}
END_TEST

START_TEST(sleeps_last_at_least_as_long_as_requested)
{
	uint64_t start = rig_now_us();

	ddekit_thread_msleep(12);
	ddekit_thread_usleep(3000);
	ddekit_thread_nsleep(1000000);
	ck_assert_uint_ge(rig_now_us() - start, 16000);
	ddekit_thread_schedule();
	ddekit_yield();
}
END_TEST

static ddekit_lock_t lock;

static void sleeper(void *arg)
{
	ddekit_lock_lock(&lock);
	atomic_store((atomic_int *)arg, 1);
	ddekit_thread_sleep(&lock);
	ck_assert_int_eq(ddekit_lock_owner(&lock), gettid());
	atomic_store((atomic_int *)arg, 2);
	ddekit_lock_unlock(&lock);
}

START_TEST(wakeup_ends_a_sleep_and_the_lock_is_held_again)
{
	atomic_int state = 0;
	ddekit_thread_t *t;

	ddekit_lock_init(&lock);
	t = ddekit_thread_create(sleeper, &state, "sleeper");
	while (atomic_load(&state) != 1)
		ddekit_yield();
	ddekit_lock_lock(&lock); /* the sleeper has released it */
	ck_assert_int_eq(atomic_load(&state), 1);
	ddekit_thread_wakeup(t);
	ddekit_lock_unlock(&lock);
	ddekit_thread_join(t);
	ck_assert_int_eq(atomic_load(&state), 2);
	ddekit_lock_deinit(&lock);
}
END_TEST

static void sleep_after_wakeup(void *arg)
{
	ddekit_sem_down(arg);
	ddekit_lock_lock(&lock);
	ddekit_thread_sleep(&lock);
	ddekit_lock_unlock(&lock);
}

START_TEST(a_wakeup_before_the_sleep_is_not_lost)
{
	ddekit_sem_t *go = ddekit_sem_init(0);
	ddekit_thread_t *t;

	ddekit_lock_init_unlocked(&lock);
	t = ddekit_thread_create(sleep_after_wakeup, go, "early");
	ddekit_thread_wakeup(t);
	ddekit_sem_up(go);
	ddekit_thread_join(t);
	ddekit_sem_deinit(go);
}
END_TEST

static void forever(void *arg)
{
	switch (*(int *)arg) {
	case 0:
		for (;;)
			ddekit_thread_msleep(100000);
	case 1:
		for (;;)
			ddekit_thread_usleep(10);
	case 2:
		ddekit_lock_lock(&lock);
		ddekit_thread_sleep(&lock);
		break;
	default: {
		ddekit_sem_t *never = ddekit_sem_init(0);

		atomic_store(&hits, (intptr_t)never != 0);
		ddekit_thread_set_my_data(never);
		ddekit_sem_down(never);
	}
	}
}

START_TEST(terminate_ends_a_sleeping_thread)
{
	ddekit_sem_t *never;
	ddekit_thread_t *t;

	if (_i == 2)
		ddekit_lock_init(&lock);
	t = ddekit_thread_create(forever, &_i, "forever");
	if (_i == 3) {
		while (!(never = ddekit_thread_get_data(t)))
			ddekit_yield();
		ddekit_thread_terminate(t);
		ddekit_sem_deinit(never);
		return;
	}
	ddekit_thread_terminate(t);
	if (_i == 2)
		ck_assert_int_eq(ddekit_lock_try_lock(&lock), 0);
}
END_TEST

/* ---- locks ---------------------------------------------------------------- */

static int counter;

static void count_under_lock(void *arg)
{
	int i;

	for (i = 0; i < 20000; i++) {
		ddekit_lock_lock(arg);
		counter++;
		ddekit_lock_unlock(arg);
	}
}

START_TEST(a_lock_excludes)
{
	ddekit_thread_t *t[4];
	int i;

	ddekit_lock_init(&lock);
	for (i = 0; i < 4; i++)
		t[i] = ddekit_thread_create(count_under_lock, &lock, "count");
	for (i = 0; i < 4; i++)
		ddekit_thread_join(t[i]);
	ck_assert_int_eq(counter, 80000);
	ddekit_lock_deinit(&lock);
}
END_TEST

static void try_lock(void *arg)
{
	*(int *)arg = ddekit_lock_try_lock(&lock);
	if (*(int *)arg == 0)
		ddekit_lock_unlock(&lock);
}

START_TEST(try_lock_fails_while_it_is_held_and_the_owner_is_known)
{
	int result = 1;

	ddekit_lock_init(&lock);
	ck_assert_int_eq(ddekit_lock_owner(&lock), 0);
	ck_assert_int_eq(ddekit_lock_try_lock(&lock), 0);
	ck_assert_int_eq(ddekit_lock_owner(&lock), gettid());
	ddekit_thread_join(ddekit_thread_create(try_lock, &result, NULL));
	ck_assert_int_eq(result, -EBUSY);
	ddekit_lock_unlock(&lock);
	ck_assert_int_eq(ddekit_lock_owner(&lock), 0);
	ddekit_thread_join(ddekit_thread_create(try_lock, &result, NULL));
	ck_assert_int_eq(result, 0);
}
END_TEST

/* ---- semaphores ----------------------------------------------------------- */

START_TEST(a_semaphore_counts)
{
	ddekit_sem_t *s = ddekit_sem_init(2);

	ddekit_sem_down(s);
	ck_assert_int_eq(ddekit_sem_down_try(s), 0);
	ck_assert_int_eq(ddekit_sem_down_try(s), -EAGAIN);
	ddekit_sem_up(s);
	ck_assert_int_eq(ddekit_sem_down_timed(s, 0), 0);
	ddekit_sem_deinit(s);
	ddekit_sem_deinit(NULL);
}
END_TEST

START_TEST(a_timed_down_ends_in_time)
{
	ddekit_sem_t *s = ddekit_sem_init(0);
	uint64_t start = rig_now_us();

	ck_assert_int_eq(ddekit_sem_down_timed(s, 20), -ETIMEDOUT);
	ck_assert_uint_ge(rig_now_us() - start, 20000);
	ck_assert_int_eq(ddekit_sem_down_timed(s, -5), -ETIMEDOUT);
	ddekit_sem_deinit(s);
}
END_TEST

START_TEST(a_negative_semaphore_is_refused)
{
	ck_assert_ptr_null(ddekit_sem_init(-1));
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static void up_later(void *arg)
{
	ddekit_thread_msleep(5);
	ddekit_sem_up(arg);
}

START_TEST(up_ends_a_down_in_another_thread)
{
	ddekit_sem_t *s = ddekit_sem_init(0);
	ddekit_thread_t *t = ddekit_thread_create(up_later, s, NULL);

	ck_assert_int_eq(ddekit_sem_down_timed(s, 5000), 0);
	ddekit_thread_join(t);
	ddekit_sem_deinit(s);
}
END_TEST

/* ---- condition variables -------------------------------------------------- */

static ddekit_condvar_t *cv;
static int turn, waiting;

static void wait_turn(void *arg)
{
	(void)arg;
	ddekit_lock_lock(&lock);
	waiting++;
	while (!turn)
		ddekit_condvar_wait(cv, &lock);
	ck_assert_int_eq(ddekit_lock_owner(&lock), gettid());
	turn--;
	ddekit_lock_unlock(&lock);
}

static void all_wait(int n)
{
	for (;;) {
		int now;

		ddekit_lock_lock(&lock);
		now = waiting;
		ddekit_lock_unlock(&lock);
		if (now == n)
			return;
		ddekit_yield();
	}
}

START_TEST(broadcast_wakes_all_waiters)
{
	ddekit_thread_t *t[3];
	int i;

	ddekit_lock_init(&lock);
	cv = ddekit_condvar_init();
	for (i = 0; i < 3; i++)
		t[i] = ddekit_thread_create(wait_turn, NULL, "waiter");
	all_wait(3);
	ddekit_lock_lock(&lock);
	turn = 3;
	ddekit_condvar_broadcast(cv);
	ddekit_lock_unlock(&lock);
	for (i = 0; i < 3; i++)
		ddekit_thread_join(t[i]);
	ck_assert_int_eq(turn, 0);
	ddekit_condvar_deinit(cv);
}
END_TEST

START_TEST(signal_wakes_one_waiter)
{
	ddekit_thread_t *t;

	ddekit_lock_init(&lock);
	cv = ddekit_condvar_init();
	t = ddekit_thread_create(wait_turn, NULL, "waiter");
	all_wait(1);
	ddekit_lock_lock(&lock);
	turn = 1;
	ddekit_condvar_signal(cv);
	ddekit_lock_unlock(&lock);
	ddekit_thread_join(t);
	ddekit_condvar_deinit(cv);
	ddekit_condvar_deinit(NULL);
}
END_TEST

START_TEST(a_timed_wait_ends_and_holds_the_lock)
{
	ddekit_lock_init(&lock);
	cv = ddekit_condvar_init();
	ddekit_lock_lock(&lock);
	ck_assert_int_eq(ddekit_condvar_wait_timed(cv, &lock, 10), -ETIMEDOUT);
	ck_assert_int_eq(ddekit_lock_owner(&lock), gettid());
	ddekit_lock_unlock(&lock);
	ddekit_condvar_deinit(cv);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("thread");
	TCase *c = tcase_create("thread");

	tcase_set_timeout(c, 20);
	tcase_add_test(c, a_thread_runs_its_function_and_can_be_joined);
	tcase_add_test(c, a_thread_knows_itself_its_name_and_its_data);
	tcase_add_test(c, signals_are_blocked_in_new_threads_only);
	tcase_add_test(c, a_thread_not_created_by_the_library_can_be_set_up);
	tcase_add_test(c, sleeps_last_at_least_as_long_as_requested);
	tcase_add_test(c, wakeup_ends_a_sleep_and_the_lock_is_held_again);
	tcase_add_test(c, a_wakeup_before_the_sleep_is_not_lost);
	tcase_add_loop_test(c, terminate_ends_a_sleeping_thread, 0, 4);
	tcase_add_test(c, a_lock_excludes);
	tcase_add_test(c, try_lock_fails_while_it_is_held_and_the_owner_is_known);
	tcase_add_test(c, a_semaphore_counts);
	tcase_add_test(c, a_timed_down_ends_in_time);
	tcase_add_test(c, a_negative_semaphore_is_refused);
	tcase_add_test(c, up_ends_a_down_in_another_thread);
	tcase_add_test(c, broadcast_wakes_all_waiters);
	tcase_add_test(c, signal_wakes_one_waiter);
	tcase_add_test(c, a_timed_wait_ends_and_holds_the_lock);
	suite_add_tcase(s, c);
	return suite_run(s);
}
