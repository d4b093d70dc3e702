/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver host's system call filter, loaded in a child process: a driver host must change
 * neither the state of open files that it shares nor memory that others have, must execute only
 * what comes from files, and gains nothing by upper bits that the kernel does not read.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "daemon/driver-host/sandbox.h"
#include "rig.h"

#define COOKIE 0x1234
#define N(a) (sizeof(a) / sizeof((a)[0]))

static int shared = -1;
/* Memory that others have, with a number as in the host. */
static int pool = -1;
static char *pool_at;

/* Return: the wait status of a child that makes the call with the filter loaded. */
static int run_confined(int (*call)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (!pid)
		_exit(filter_load(COOKIE, true) ? 99 : call());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void expect_sigsys(int (*call)(void))
{
	int status = run_confined(call);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %#x", status);
}

static int read_seals(void)
{
	return fcntl(pool, F_GET_SEALS) == F_SEAL_SEAL ? 7 : 8;
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

/* ---- memory ------------------------------------------------------------------- */

#define PAGE 4096

static int punch_by_madvise(void)
{
	return madvise(pool_at, PAGE, MADV_REMOVE);
}

static int page_out(void)
{
	return madvise(pool_at, PAGE, MADV_PAGEOUT);
}

static int punch_by_fallocate(void)
{
	return fallocate(pool, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE);
}

static int shrink(void)
{
	return ftruncate(pool, 0);
}

static int execute_pool(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, pool, 0) == MAP_FAILED;
}

static int execute_shared_pool(void)
{
	return mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, pool, 0) == MAP_FAILED;
}

/* The kernel reads 32 bits of the number. */
static int execute_pool_by_upper_bits(void)
{
	return syscall(SYS_mmap, 0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
		       1ul << 32 | (unsigned int)pool, 0) < 0;
}

static int make_pool_executable(void)
{
	return mprotect(pool_at, PAGE, PROT_READ | PROT_EXEC);
}

/* With a lower number it would count as a file that was opened later. */
static int lower_pool_by_fcntl(void)
{
	return fcntl(pool, F_DUPFD_CLOEXEC, 3);
}

static int lower_pool_by_dup(void)
{
	return dup(pool);
}

static int lower_pool_by_dup2(void)
{
	return dup2(pool, 3);
}

static int map_huge(void)
{
	return mmap(NULL, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) ==
	       MAP_FAILED;
}

static int execute_file(void)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, 0, COOKIE);
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? 8 : 7;
}

static int drop_own_pages(void)
{
	return madvise(pool_at, PAGE, MADV_DONTNEED) ? 8 : 7;
}

/* ---- files ---------------------------------------------------------------------- */

static int stat_path(void)
{
	struct stat st;

	return (int)syscall(SYS_newfstatat, AT_FDCWD, "/etc/shadow", &st, 0);
}

static int statx_path(void)
{
	char buf[256];

	return (int)syscall(SYS_statx, AT_FDCWD, "/etc/shadow", 0, 0, buf);
}

static int read_link(void)
{
	char buf[64];

	return (int)syscall(SYS_readlink, "/proc/1/exe", buf, sizeof(buf));
}

static int access_path(void)
{
	return (int)syscall(SYS_access, "/etc/shadow", R_OK);
}

static int faccessat_path(void)
{
	return (int)syscall(SYS_faccessat, AT_FDCWD, "/etc/shadow", R_OK);
}

/* What has the cookie, as all code of the process, opens files to read them alone: Landlock
 * does not check O_PATH. */
static int open_as_path(void)
{
	return (int)syscall(SYS_openat, AT_FDCWD, "/etc/shadow", O_PATH, 0, 0, COOKIE);
}

static int open_to_write(void)
{
	return (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY, 0, 0, COOKIE);
}

static int open_by_how(void)
{
	uint64_t how[3] = { O_PATH };

	return (int)syscall(SYS_openat2, AT_FDCWD, "/etc/shadow", how, sizeof(how), 0, COOKIE);
}

/* ---- upper bits -------------------------------------------------------------------- */

#define CALLS 512
#define ARGS 6

/* What is forbidden for good: each call with one argument that the kernel reads as 32 bits; with
 * other upper bits it must stay so. */
struct forbidden {
	const char *name;
	long nr, arg[ARGS];
	unsigned int at; /* of the int */
};

/* clang-format off */
static const struct forbidden forbidden[] = {
	{ "rt_sigaction", SYS_rt_sigaction, { SIGSYS, 0, 0, 8 }, 0 },
	{ "tgkill", SYS_tgkill, { 1, 1, 0 }, 0 },
	{ "clone", SYS_clone, { SIGCHLD }, 0 },
	{ "clone", SYS_clone, { CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_NEWUSER }, 0 },
	{ "fcntl", SYS_fcntl, { 0, F_SETFL, 0 }, 1 },
	{ "fcntl", SYS_fcntl, { 0, F_ADD_SEALS, 0 }, 1 },
	{ "fcntl", SYS_fcntl, { 0, F_DUPFD, 0 }, 1 },
	{ "fcntl", SYS_fcntl, { 0, F_DUPFD_CLOEXEC, 0 }, 1 },
	{ "ioctl", SYS_ioctl, { 0, FIONBIO, 0 }, 1 },
	{ "ioctl", SYS_ioctl, { 0, VFIO_DEVICE_RESET, 0 }, 1 },
	{ "prctl", SYS_prctl, { PR_SET_DUMPABLE, 1 }, 0 },
	{ "prlimit64", SYS_prlimit64, { 1, RLIMIT_AS, 0, 0 }, 0 },
	{ "madvise", SYS_madvise, { 0, 0, MADV_REMOVE }, 2 },
	{ "madvise", SYS_madvise, { 0, 0, MADV_PAGEOUT }, 2 },
	{ "mmap", SYS_mmap, { 0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, 256, 0 }, 4 },
	{ "mmap",
	  SYS_mmap,
	  { 0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 },
	  3 },
	{ "mmap", SYS_mmap, { 0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, 0, 0 }, 2 },
	{ "mmap", SYS_mmap, { 0, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0 }, 3 },
	{ "mprotect", SYS_mprotect, { 0, 0, PROT_EXEC }, 2 },
	{ "openat", SYS_openat, { AT_FDCWD, 0, O_WRONLY, 0, 0, COOKIE }, 2 },
	{ "openat", SYS_openat, { AT_FDCWD, 0, O_PATH, 0, 0, COOKIE }, 2 },
};
/* clang-format on */

static struct {
	long nr, arg[ARGS];
} next;

static int make_call(void)
{
	long r = syscall(next.nr, next.arg[0], next.arg[1], next.arg[2], next.arg[3], next.arg[4],
			 next.arg[5]);

	return r < 0 ? 1 : 2;
}

static const unsigned long uppers[] = { 0, 1ul << 32, 1ul << 63, 0xfffffffful << 32 };

START_TEST(upper_bits_do_not_open_what_is_forbidden)
{
	const struct forbidden *f = &forbidden[_i];
	size_t i;
	int status;

	for (i = 0; i < N(uppers); i++) {
		next.nr = f->nr;
		memcpy(next.arg, f->arg, sizeof(next.arg));
		next.arg[f->at] = (long)(uppers[i] | (uint32_t)f->arg[f->at]);
		status = run_confined(make_call);
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
			      "%s with argument %u %#lx passes: status %#x", f->name, f->at,
			      (unsigned long)next.arg[f->at], status);
	}
}
END_TEST

/* For each number: is it refused with every argument 0? Then none of its arguments has a list,
 * and it must be refused with upper bits as well.  Calls that wait for ever are ended. */
static int run_limited(void)
{
	alarm(1);
	return make_call();
}

static bool is_refused(long nr, unsigned int at, unsigned long upper)
{
	int status;

	next.nr = nr;
	memset(next.arg, 0, sizeof(next.arg));
	if (at < ARGS)
		next.arg[at] = (long)upper;
	status = run_confined(run_limited);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

START_TEST(a_call_that_is_refused_stays_so_with_upper_bits_anywhere)
{
	unsigned int at;

	if (!is_refused(_i, ARGS, 0))
		return;
	for (at = 0; at < ARGS; at++)
		ck_assert_msg(is_refused(_i, at, 1ul << 32),
			      "system call %d passes if argument %u is 2^32", _i, at);
}
END_TEST

static void setup(void)
{
	pool = memfd_create("pool", MFD_CLOEXEC);
	ck_assert_int_ge(pool, 0);
	ck_assert_int_eq(ftruncate(pool, PAGE), 0);
	pool = fcntl(pool, F_DUPFD_CLOEXEC, FILTER_EXEC_FDS);
	ck_assert_int_ge(pool, 0);
	pool_at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, pool, 0);
	ck_assert(pool_at != MAP_FAILED);
	shared = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ck_assert_int_ge(shared, 0);
}

static void teardown(void)
{
	close(shared);
}

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

static void expect_exit(int (*call)(void), int want)
{
	int status = run_confined(call);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == want, "status %#x", status);
}

START_TEST(seals_can_be_read)
{
	expect_exit(read_seals, 7);
}
END_TEST

START_TEST(shared_memory_cannot_be_punched_or_cut)
{
	expect_sigsys(punch_by_madvise);
	expect_sigsys(page_out);
	expect_sigsys(punch_by_fallocate);
	expect_sigsys(shrink);
	expect_exit(drop_own_pages, 7);
}
END_TEST

START_TEST(shared_memory_cannot_be_executed)
{
	expect_sigsys(execute_pool);
	expect_sigsys(execute_shared_pool);
	expect_sigsys(execute_pool_by_upper_bits);
	expect_sigsys(make_pool_executable);
	expect_sigsys(lower_pool_by_fcntl);
	expect_sigsys(lower_pool_by_dup);
	expect_sigsys(lower_pool_by_dup2);
	expect_sigsys(map_huge);
	expect_exit(execute_file, 7);
}
END_TEST

START_TEST(files_have_no_name_but_to_be_read)
{
	expect_sigsys(stat_path);
	expect_sigsys(statx_path);
	expect_sigsys(read_link);
	expect_sigsys(access_path);
	expect_sigsys(faccessat_path);
	expect_sigsys(open_as_path);
	expect_sigsys(open_to_write);
	expect_sigsys(open_by_how);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("filter");
	TCase *c = tcase_create("filter");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, seals_can_be_read);
	tcase_add_test(c, status_flags_cannot_be_set);
	tcase_add_test(c, locks_owners_and_seals_cannot_be_set);
	tcase_add_test(c, shared_memory_cannot_be_punched_or_cut);
	tcase_add_test(c, shared_memory_cannot_be_executed);
	tcase_add_test(c, files_have_no_name_but_to_be_read);
	tcase_add_loop_test(c, upper_bits_do_not_open_what_is_forbidden, 0, (int)N(forbidden));
	tcase_add_loop_test(c, a_call_that_is_refused_stays_so_with_upper_bits_anywhere, 0, CALLS);
	suite_add_tcase(s, c);
	return suite_run(s);
}
