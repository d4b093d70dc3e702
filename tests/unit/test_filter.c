/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver host's system call filter, loaded in a child process: a driver host must not change
 * the state of open files that it shares.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daemon/driver-host/sandbox.h"
#include "rig.h"

#define COOKIE 0x1234
#define BYTES 4096

static int shared = -1;
static void *memory;

/* Return: the wait status of a child that makes the call with the filter loaded. */
static int run_confined(int (*call)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(filter_load(COOKIE) ? 99 : call());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void expect_sigsys(int (*call)(void))
{
	int status = run_confined(call);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %#x", status);
}

static int read_flags(void)
{
	return fcntl(shared, F_GETFL) & O_NONBLOCK ? 7 : 8;
}

static int clear_nonblock(void)
{
	return fcntl(shared, F_SETFL, 0);
}

static int set_nonblock(void)
{
	return fcntl(shared, F_SETFL, O_NONBLOCK);
}

static int clear_nonblock_by_ioctl(void)
{
	int off = 0;

	return ioctl(shared, FIONBIO, &off);
}

static int lock_file(void)
{
	struct flock lock = { .l_type = F_WRLCK };

	return fcntl(shared, F_SETLK, &lock);
}

static int set_owner(void)
{
	return fcntl(shared, F_SETOWN, getpid());
}

static int add_seal(void)
{
	return fcntl(shared, F_ADD_SEALS, F_SEAL_GROW);
}

static int replace_sigsys_handler(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };

	return (int)syscall(SYS_rt_sigaction, 1ull << 32 | SIGSYS, &sa, NULL, 8);
}

static int punch_hole(void)
{
	return madvise(memory, BYTES, MADV_REMOVE);
}

static int punch_hole_by_fallocate(void)
{
	return fallocate(shared, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, BYTES);
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
	int status = run_confined(read_flags);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %#x", status);
}
END_TEST

START_TEST(status_flags_cannot_be_set)
{
	expect_sigsys(clear_nonblock);
	expect_sigsys(set_nonblock);
	expect_sigsys(clear_nonblock_by_ioctl);
	ck_assert(fcntl(shared, F_GETFL) & O_NONBLOCK);
}
END_TEST

START_TEST(locks_owners_and_seals_cannot_be_set)
{
	expect_sigsys(lock_file);
	expect_sigsys(set_owner);
	expect_sigsys(add_seal);
}
END_TEST

START_TEST(sigsys_cannot_be_taken)
{
	expect_sigsys(replace_sigsys_handler);
}
END_TEST

/* The device has the pages of its pool, whatever the file says. */
START_TEST(pages_cannot_be_removed_from_a_pool)
{
	int pool = memfd_create("pool", MFD_CLOEXEC);

	ck_assert_int_eq(ftruncate(pool, BYTES), 0);
	memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, pool, 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	*(char *)memory = 7;
	expect_sigsys(punch_hole);
	expect_sigsys(punch_hole_by_fallocate);
	ck_assert_int_eq(*(char *)memory, 7);
	munmap(memory, BYTES);
	close(pool);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("filter");
	TCase *c = tcase_create("filter");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, status_flags_can_be_read);
	tcase_add_test(c, status_flags_cannot_be_set);
	tcase_add_test(c, locks_owners_and_seals_cannot_be_set);
	tcase_add_test(c, sigsys_cannot_be_taken);
	tcase_add_test(c, pages_cannot_be_removed_from_a_pool);
	suite_add_tcase(s, c);
	return suite_run(s);
}
