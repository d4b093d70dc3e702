/* SPDX-License-Identifier: GPL-2.0-only */
/* Jobs: order, completion, time limits; the event loop never waits. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "lib/job.h"
#include "lib/util.h"
#include "../lib/suite.h"

static sd_event *event;
static struct jobs *jobs;

/* A task whose work ends when its gate is closed. */
struct task {
	int gate[2]; /* pipe; gate[1] closed: the work ends */
	int number;
	pthread_t thread;
	bool signals_blocked;
};

static int order[32], n_done, n_late;

static void task_work(void *arg)
{
	struct task *t = arg;
	sigset_t set;
	char c;

	t->thread = pthread_self();
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	t->signals_blocked = sigismember(&set, SIGTERM) && sigismember(&set, SIGCHLD);
	if (t->gate[0] >= 0)
		ck_assert_int_eq(read(t->gate[0], &c, 1), 0);
}

static void task_done(void *arg)
{
	struct task *t = arg;

	order[n_done++] = t->number;
	fd_close(&t->gate[0]);
}

static void task_late(void *arg)
{
	n_late++;
}

static const struct job_ops plain = { .work = task_work, .done = task_done };
static const struct job_ops limited = {
	.work = task_work,
	.done = task_done,
	.late = task_late,
	.limit_ms = 20,
};

static struct task closed_task(int number)
{
	struct task t = { .number = number };

	ck_assert_int_eq(pipe(t.gate), 0);
	return t;
}

static struct task open_task(int number)
{
	return (struct task){ .gate = { -1, -1 }, .number = number };
}

static void setup(void)
{
	n_done = n_late = 0;
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(jobs_create(event, &jobs), 0);
}

static void teardown(void)
{
	jobs_destroy(jobs);
	sd_event_unref(event);
}

/* Runs the loop until a counter has the value, for at most 5 s. */
static void run_until(const int *counter, int value)
{
	uint64_t end = mono_ns() + 5000000000ull;

	while (*counter < value && mono_ns() < end)
		ck_assert_int_ge(sd_event_run(event, 100000), 0);
	ck_assert_int_eq(*counter, value);
}

START_TEST(jobs_run_one_after_another_in_order)
{
	struct task t[3] = { closed_task(0), open_task(1), open_task(2) };
	int i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(jobs_add(jobs, &plain, &t[i]), 0);
	ck_assert_int_ge(sd_event_run(event, 50000), 0);
	ck_assert_int_eq(n_done, 0);
	ck_assert(!jobs_idle(jobs));
	close(t[0].gate[1]);
	run_until(&n_done, 3);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(order[i], i);
	ck_assert(jobs_idle(jobs));
}
END_TEST

START_TEST(work_runs_in_a_thread_with_signals_blocked)
{
	struct task t = open_task(0);

	ck_assert_int_eq(jobs_add(jobs, &plain, &t), 0);
	run_until(&n_done, 1);
	ck_assert(!pthread_equal(t.thread, pthread_self()));
	ck_assert(t.signals_blocked);
}
END_TEST

START_TEST(a_job_past_its_limit_is_reported_once_and_still_completes)
{
	struct task t = closed_task(0);

	ck_assert_int_eq(jobs_add(jobs, &limited, &t), 0);
	run_until(&n_late, 1);
	ck_assert_int_eq(n_done, 0);
	close(t.gate[1]);
	run_until(&n_done, 1);
	ck_assert_int_ge(sd_event_run(event, 50000), 0);
	ck_assert_int_eq(n_late, 1);
}
END_TEST

START_TEST(a_job_queued_behind_a_late_one_is_late_too)
{
	struct task first = closed_task(0), second = open_task(1);

	ck_assert_int_eq(jobs_add(jobs, &plain, &first), 0);
	ck_assert_int_eq(jobs_add(jobs, &limited, &second), 0);
	run_until(&n_late, 1);
	close(first.gate[1]);
	run_until(&n_done, 2);
}
END_TEST

START_TEST(a_job_within_its_limit_is_not_late)
{
	struct task t = open_task(0);

	ck_assert_int_eq(jobs_add(jobs, &limited, &t), 0);
	run_until(&n_done, 1);
	ck_assert_int_ge(sd_event_run(event, 50000), 0);
	ck_assert_int_eq(n_late, 0);
}
END_TEST

static void destroy_queue(void *arg)
{
	task_done(arg);
	jobs_destroy(jobs);
	jobs = NULL;
}

START_TEST(a_queue_may_be_destroyed_by_its_last_job)
{
	static const struct job_ops last = { .work = task_work, .done = destroy_queue };
	struct task t = open_task(0);

	ck_assert_int_eq(jobs_add(jobs, &last, &t), 0);
	run_until(&n_done, 1);
	ck_assert_ptr_null(jobs);
}
END_TEST

START_TEST(a_destroyed_queue_exists_until_its_job_has_ended)
{
	struct task t = closed_task(0);

	ck_assert_int_eq(jobs_add(jobs, &plain, &t), 0);
	jobs_destroy(jobs);
	jobs = NULL;
	close(t.gate[1]);
	run_until(&n_done, 1);
}
END_TEST

START_TEST(single_jobs_run_in_parallel_up_to_a_limit)
{
	struct task t[17];
	int i, n = 0;

	for (i = 0; i < 17; i++)
		t[i] = closed_task(i);
	while (n < 17 && !job_run(event, &plain, &t[n]))
		n++;
	ck_assert_int_eq(n, 16);
	ck_assert_int_eq(job_run(event, &plain, &t[16]), -EBUSY);
	/* The last job may end first. */
	close(t[15].gate[1]);
	run_until(&n_done, 1);
	ck_assert_int_eq(order[0], 15);
	ck_assert_int_eq(job_run(event, &plain, &t[16]), 0);
	for (i = 0; i < 17; i++)
		if (i != 15)
			close(t[i].gate[1]);
	run_until(&n_done, 17);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("jobs");
	TCase *tc = tcase_create("jobs");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, jobs_run_one_after_another_in_order);
	tcase_add_test(tc, work_runs_in_a_thread_with_signals_blocked);
	tcase_add_test(tc, a_job_past_its_limit_is_reported_once_and_still_completes);
	tcase_add_test(tc, a_job_queued_behind_a_late_one_is_late_too);
	tcase_add_test(tc, a_job_within_its_limit_is_not_late);
	tcase_add_test(tc, a_queue_may_be_destroyed_by_its_last_job);
	tcase_add_test(tc, a_destroyed_queue_exists_until_its_job_has_ended);
	tcase_add_test(tc, single_jobs_run_in_parallel_up_to_a_limit);
	suite_add_tcase(s, tc);
	return suite_run(s);
}
