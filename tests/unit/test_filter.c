/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls of a driver host, by the real filter, in a process of its own: what
 * belongs to an open file that others have too is not for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daemon/driver-host/sandbox.h"
#include "rig.h"

#define COOKIE 0x1234

static int shared = -1;

/* Return: the status of a process that makes a call behind the filter. */
static int confined(int (*call)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(filter_load(COOKIE) ? 99 : call());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void refused(int (*call)(void))
{
	int status = confined(call);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %#x", status);
}

static int look_at_flags(void)
{
	return fcntl(shared, F_GETFL) & O_NONBLOCK ? 7 : 8;
}

static int make_it_block(void)
{
	return fcntl(shared, F_SETFL, 0);
}

static int make_it_not_block(void)
{
	return fcntl(shared, F_SETFL, O_NONBLOCK);
}

static int make_it_block_by_ioctl(void)
{
	int off = 0;

	return ioctl(shared, FIONBIO, &off);
}

static int lock_it(void)
{
	struct flock lock = { .l_type = F_WRLCK };

	return fcntl(shared, F_SETLK, &lock);
}

static int own_it(void)
{
	return fcntl(shared, F_SETOWN, getpid());
}

static int seal_it(void)
{
	return fcntl(shared, F_ADD_SEALS, F_SEAL_GROW);
}

static void setup(void)
{
	shared = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ck_assert_int_ge(shared, 0);
}

static void teardown(void)
{
	close(shared);
}

START_TEST(status_flags_can_be_read)
{
	int status = confined(look_at_flags);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %#x", status);
}
END_TEST

START_TEST(status_flags_cannot_be_set)
{
	refused(make_it_block);
	refused(make_it_not_block);
	refused(make_it_block_by_ioctl);
	ck_assert(fcntl(shared, F_GETFL) & O_NONBLOCK);
}
END_TEST

START_TEST(nor_locks_owners_and_seals)
{
	refused(lock_it);
	refused(own_it);
	refused(seal_it);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("filter");
	TCase *c = tcase_create("filter");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, status_flags_can_be_read);
	tcase_add_test(c, status_flags_cannot_be_set);
	tcase_add_test(c, nor_locks_owners_and_seals);
	suite_add_tcase(s, c);
	return rig_run(s);
}
