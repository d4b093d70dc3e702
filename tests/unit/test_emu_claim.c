/* SPDX-License-Identifier: GPL-2.0-only */
/* Claims of the emu backend: start, refusals, monitor, close without leftovers. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "rig.h"

static struct rig rig;

static void teardown(void)
{
	rig_close(&rig);
}

/* Expects a claim to fail with text in its message, and to leave nothing behind. */
static void refused(struct ddekit_claim_spec *spec, int error, const char *text)
{
	struct ddekit_claim *claim = NULL;
	unsigned int fds = rig_count_fds();
	char *why = NULL;
	int err;

	spec->backend = spec->backend ? spec->backend : "emu";
	spec->pool_size = spec->pool_size ? spec->pool_size : RIG_POOL;
	err = ddekit_claim_open(spec, &claim, &why);
	ck_assert_int_eq(err, error);
	ck_assert_ptr_null(claim);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, text), "\"%s\" is not in \"%s\"", text, why);
	ck_assert_ptr_null(strchr(why, '\n'));
	free(why);
	ck_assert_uint_eq(rig_count_fds(), fds);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}

START_TEST(the_message_names_an_unknown_device)
{
	refused(&(struct ddekit_claim_spec){ .emu_device = "nosuch" }, -ENODEV,
		"'nosuch' is not a valid device model name");
}
END_TEST

START_TEST(the_message_names_an_unknown_property)
{
	refused(&(struct ddekit_claim_spec){ .emu_device = "e1000e,frobs=3" }, -ENODEV, "frobs");
}
END_TEST

START_TEST(the_message_names_a_netdev_that_does_not_work)
{
	refused(&(struct ddekit_claim_spec){ .emu_device = "e1000e", .emu_netdev = "nosuch" },
		-ENODEV, "nosuch");
}
END_TEST

START_TEST(a_missing_device_argument_is_refused)
{
	refused(&(struct ddekit_claim_spec){ .emu_device = NULL }, -EINVAL, "e1000e");
}
END_TEST

START_TEST(arguments_that_the_backend_sets_are_refused)
{
	refused(&(struct ddekit_claim_spec){ .emu_device = "edu,bus=pcie.0" }, -EINVAL, "bus=");
	refused(&(struct ddekit_claim_spec){ .emu_device = "e1000e", .emu_netdev = "user,id=n" },
		-EINVAL, "id=");
	refused(&(struct ddekit_claim_spec){ .emu_device = "{\"driver\":\"edu\"}" }, -EINVAL,
		"JSON");
}
END_TEST

START_TEST(a_drive_needs_options_and_a_file)
{
	struct ddekit_claim_spec spec = { .emu_device = "nvme,serial=1",
					  .emu_drive = "format=raw" };

	refused(&spec, -EBADF, "without an open file");
	spec.emu_drive_fd = 3;
	spec.emu_drive = "format=raw,id=x";
	refused(&spec, -EINVAL, "id=");
	spec.emu_drive = "file=/etc/passwd";
	refused(&spec, -EINVAL, "file=");
	spec.emu_drive = "format=raw";
	spec.emu_device = "nvme,serial=1,drive=x";
	refused(&spec, -EINVAL, "drive=");
}
END_TEST

START_TEST(the_message_names_the_package_of_a_missing_qemu)
{
	setenv("PATH", "/nowhere", 1);
	refused(&(struct ddekit_claim_spec){ .emu_device = "edu" }, -ENOENT, "qemu-system-x86");
}
END_TEST

/* A disk image or a host may have chosen them: D-Bus takes only text. */
START_TEST(last_words_of_qemu_are_printable)
{
	static const char script[] =
		"#!/bin/sh\nprintf 'caf\\351 \\177\\033[31m end\\n' >&2\nexit 1\n";
	char path[] = "/tmp/ddekit-qemu-XXXXXX", *why = NULL;
	struct ddekit_claim_spec spec = { .backend = "emu",
					  .pool_size = RIG_POOL,
					  .emu_device = "edu" };
	struct ddekit_claim *claim = NULL;
	int fd = mkstemp(path), err;
	size_t i;

	ck_assert_int_eq(write(fd, script, strlen(script)), (ssize_t)strlen(script));
	ck_assert_int_eq(fchmod(fd, 0755), 0);
	close(fd);
	setenv("DDEKIT_QEMU", path, 1);
	err = ddekit_claim_open(&spec, &claim, &why);
	unlink(path);
	ck_assert_int_lt(err, 0);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, "caf? "), "%s", why);
	for (i = 0; why[i]; i++)
		ck_assert_msg(why[i] >= ' ' && why[i] <= '~', "byte %#x in \"%s\"", why[i] & 0xff,
			      why);
	free(why);
}
END_TEST

START_TEST(the_message_explains_why_qemu_cannot_run)
{
	setenv("DDEKIT_QEMU", "/etc/passwd", 1);
	refused(&(struct ddekit_claim_spec){ .emu_device = "edu" }, -ENOENT, "/etc/passwd");
	setenv("DDEKIT_QEMU", "/usr", 1);
	refused(&(struct ddekit_claim_spec){ .emu_device = "edu" }, -EACCES, "/usr: cannot run it");
}
END_TEST

START_TEST(the_message_reports_a_program_that_is_not_qemu)
{
	setenv("DDEKIT_QEMU", "/bin/true", 1);
	refused(&(struct ddekit_claim_spec){ .emu_device = "edu" }, -ENODEV,
		"exited with status 0");
}
END_TEST

START_TEST(the_message_names_an_unknown_backend)
{
	refused(&(struct ddekit_claim_spec){ .emu_device = "edu", .backend = "vifo" }, -ENOENT,
		"vifo");
}
END_TEST

START_TEST(pools_of_impossible_size_are_refused)
{
	struct ddekit_claim_spec odd = { .emu_device = "edu", .pool_size = 5u << 20 };
	struct ddekit_claim_spec big = { .emu_device = "edu", .pool_size = 0xa0000000 };

	refused(&odd, -EINVAL, "4 MiB");
	refused(&big, -EINVAL, "2556");
}
END_TEST

START_TEST(a_closed_fd_for_qemu_is_refused)
{
	static const int fds[] = { 777, -1 };

	refused(&(struct ddekit_claim_spec){ .emu_device = "edu", .emu_fds = fds }, -EBADF, "777");
}
END_TEST

START_TEST(the_caller_may_omit_the_message)
{
	struct ddekit_claim_spec spec = { .backend = "emu",
					  .pool_size = RIG_POOL,
					  .emu_device = "nosuch" };
	struct ddekit_claim *claim;

	ck_assert_int_eq(ddekit_claim_open(&spec, &claim, NULL), -ENODEV);
}
END_TEST

/* ---- a claim that works --------------------------------------------------- */

START_TEST(close_leaves_no_fd_and_no_process)
{
	unsigned int fds;
	int i;

	rig_count_fds();
	fds = rig_count_fds();
	for (i = 0; i < 3; i++) {
		rig_open(&rig, "e1000e", "user");
		rig_close(&rig);
		ck_assert_uint_eq(rig_count_fds(), fds);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
		ck_assert_int_eq(errno, ECHILD);
	}
}
END_TEST

START_TEST(close_works_with_sigchld_ignored)
{
	unsigned int fds;

	rig_count_fds();
	fds = rig_count_fds();
	signal(SIGCHLD, SIG_IGN);
	rig_open(&rig, "edu", NULL);
	rig_close(&rig);
	ck_assert_uint_eq(rig_count_fds(), fds);
}
END_TEST

/* Device, its options, and the id that it must show. */
static const struct {
	const char *device;
	uint32_t id;
	const char *args[3];
} devices[] = {
	{ "e1000e", 0x10d38086, { NULL } },
	{ "e1000", 0x100e8086, { NULL } },
	{ "rtl8139", 0x813910ec, { NULL } },
	{ "vmxnet3", 0x07b015ad, { NULL } },
	{ "virtio-net-pci,disable-legacy=on", 0x10411af4, { NULL } },
	{ "nvme,serial=1,drive=d0",
	  0x00101b36,
	  { "-drive", "driver=null-co,if=none,id=d0", NULL } },
	{ "qemu-xhci", 0x000d1b36, { NULL } },
	{ "ich9-ahci", 0x29228086, { NULL } },
	{ "megasas", 0x00601000, { NULL } },
	{ "intel-hda", 0x26688086, { NULL } },
	{ "edu", 0x11e81234, { NULL } },
};

#define N_DEVICES (int)(sizeof(devices) / sizeof(devices[0]))

START_TEST(devices_of_all_kinds_are_claimed_and_quiesced)
{
	struct ddekit_claim_spec spec = { .backend = "emu",
					  .pool_size = RIG_POOL,
					  .emu_device = devices[_i].device,
					  .emu_args = devices[_i].args };
	char *why = NULL;
	int err = ddekit_claim_open(&spec, &rig.claim, &why);

	ck_assert_msg(err == 0, "%s: %d %s", devices[_i].device, err, why ? why : "");
	rig_adopt(&rig);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0, 4), devices[_i].id);
	rig_enable(&rig, -1);
	rig_leave(&rig);
	ck_assert_int_eq(ddekit_claim_quiesce(rig.claim), 0);
	rig_adopt(&rig);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0, 4), devices[_i].id);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 4, 2), 0);
}
END_TEST

START_TEST(a_pool_of_a_gibibyte_works_up_to_its_last_bytes)
{
	struct ddekit_claim_spec spec = { .backend = "emu",
					  .pool_size = 1u << 30,
					  .emu_device = "edu,dma_mask=0xffffffff" };
	const struct ddekit_pool *pool;
	volatile uint32_t *last;

	ck_assert_int_eq(ddekit_claim_open(&spec, &rig.claim, NULL), 0);
	rig_adopt(&rig);
	rig_enable(&rig, -1);
	pool = ddekit_pci_pool(rig.pci);
	ck_assert_uint_eq(pool->size, 1u << 30);
	last = (volatile uint32_t *)((char *)pool->cpu + pool->size - 4);
	rig_write(&rig, 0x80, 0x40000);
	*(volatile uint32_t *)pool->cpu = 77;
	rig_write(&rig, 0x80, (uint32_t)pool->base.v);
	rig_write(&rig, 0x88, 0x40000);
	rig_write(&rig, 0x90, 4);
	rig_write(&rig, 0x98, 1);
	while (rig_read(&rig, 0x98) & 1)
		;
	rig_write(&rig, 0x80, 0x40000);
	rig_write(&rig, 0x88, (uint32_t)(uintptr_t)last);
	rig_write(&rig, 0x98, 3);
	while (rig_read(&rig, 0x98) & 1)
		;
	ck_assert_uint_eq(*last, 77);
}
END_TEST

START_TEST(the_ram_cannot_be_resized)
{
	rig_claim(&rig, "edu", NULL);
	rig_handover(&rig);
	ck_assert_int_eq(ftruncate(rig.h.fds[rig.h.pool_fd], 4096), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fcntl(rig.h.fds[rig.h.pool_fd], F_ADD_SEALS, F_SEAL_WRITE), -1);
}
END_TEST

static bool status_has(pid_t pid, const char *line)
{
	char path[64], buf[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (!found && fgets(buf, sizeof(buf), f))
		found = !strncmp(buf, line, strlen(line));
	fclose(f);
	return found;
}

START_TEST(qemu_runs_unprivileged_and_in_its_sandbox)
{
	struct ddekit_claim_spec spec = { .backend = "emu",
					  .pool_size = RIG_POOL,
					  .emu_device = "e1000e",
					  .emu_netdev = "user",
					  .uid = 65534,
					  .gid = 65534 };
	pid_t pid;

	if (geteuid()) {
		spec.uid = geteuid();
		spec.gid = getegid();
	}
	ck_assert_int_eq(ddekit_claim_open(&spec, &rig.claim, NULL), 0);
	pid = ddekit_claim_pid(rig.claim);
	if (!geteuid()) {
		ck_assert(status_has(pid, "Uid:\t65534\t65534\t65534\t65534"));
		ck_assert(status_has(pid, "Gid:\t65534\t65534\t65534\t65534"));
		ck_assert(status_has(pid, "CapEff:\t0000000000000000"));
	}
	ck_assert(status_has(pid, "NoNewPrivs:\t1"));
	ck_assert(status_has(pid, "Seccomp:\t2"));
}
END_TEST

static bool has_fd(pid_t pid, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	return access(path, F_OK) == 0;
}

START_TEST(qemu_inherits_its_fds_and_no_other)
{
	struct ddekit_claim_spec spec = { .backend = "emu",
					  .pool_size = RIG_POOL,
					  .emu_device = "e1000e" };
	int wire[2], fds[2] = { -1, -1 };
	char netdev[64];

	/* Neither is close-on-exec; QEMU must inherit only the one in emu_fds. */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, wire), 0);
	ck_assert_int_eq(dup2(wire[0], 200), 200);
	ck_assert_int_eq(dup2(wire[1], 201), 201);
	fds[0] = 200;
	snprintf(netdev, sizeof(netdev), "dgram,local.type=fd,local.str=%d", fds[0]);
	spec.emu_netdev = netdev;
	spec.emu_fds = fds;
	ck_assert_int_eq(ddekit_claim_open(&spec, &rig.claim, NULL), 0);
	ck_assert(has_fd(ddekit_claim_pid(rig.claim), 200));
	ck_assert(!has_fd(ddekit_claim_pid(rig.claim), 201));
}
END_TEST

static void *claim_in_thread(void *arg)
{
	rig_claim(arg, "edu", NULL);
	return NULL;
}

START_TEST(qemu_outlives_the_thread_that_started_it)
{
	pthread_t t;

	ck_assert_int_eq(pthread_create(&t, NULL, claim_in_thread, &rig), 0);
	pthread_join(t, NULL);
	ck_assert(!rig_readable(ddekit_claim_death_fd(rig.claim), 100));
	ck_assert_int_eq(ddekit_claim_quiesce(rig.claim), 0);
}
END_TEST

START_TEST(qemu_dies_with_its_claimer_even_by_sigkill)
{
	int report[2], pidfd;
	pid_t child, qemu;

	ck_assert_int_eq(pipe(report), 0);
	child = fork();
	if (!child) {
		rig_claim(&rig, "edu", NULL);
		qemu = ddekit_claim_pid(rig.claim);
		if (write(report[1], &qemu, sizeof(qemu)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(report[0], &qemu, sizeof(qemu)), sizeof(qemu));
	pidfd = (int)syscall(SYS_pidfd_open, qemu, 0);
	ck_assert_int_ge(pidfd, 0);
	ck_assert(!rig_readable(pidfd, 50));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ck_assert(rig_readable(pidfd, 3000));
}
END_TEST

START_TEST(the_death_of_qemu_is_reported_with_its_cause)
{
	char *why = NULL;

	rig_claim(&rig, "edu", NULL);
	ck_assert_int_eq(ddekit_claim_death_why(rig.claim, &why), -EBUSY);
	ck_assert(!rig_readable(ddekit_claim_death_fd(rig.claim), 0));
	kill(ddekit_claim_pid(rig.claim), SIGTERM);
	ck_assert(rig_readable(ddekit_claim_death_fd(rig.claim), 3000));
	ck_assert_int_eq(ddekit_claim_death_why(rig.claim, &why), 0);
	ck_assert_msg(strstr(why, "exited with status 0"), "%s", why);
	free(why);
	ck_assert_int_eq(ddekit_claim_quiesce(rig.claim), -EIO);
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "stop", NULL, NULL), -EIO);
}
END_TEST

START_TEST(a_stuck_qemu_does_not_block_quiesce_or_close)
{
	uint64_t start;

	rig_claim(&rig, "edu", NULL);
	kill(ddekit_claim_pid(rig.claim), SIGSTOP);
	start = rig_now_us();
	ck_assert_int_eq(ddekit_claim_quiesce(rig.claim), -ETIMEDOUT);
	ck_assert_uint_lt(rig_now_us() - start, 3000000);
	start = rig_now_us();
	rig_close(&rig);
	ck_assert_uint_lt(rig_now_us() - start, 1000000);
}
END_TEST

/* Without a quiesce before it, which would have found QEMU stuck. */
START_TEST(a_stuck_qemu_is_killed_within_seconds)
{
	uint64_t start;

	rig_claim(&rig, "edu", NULL);
	kill(ddekit_claim_pid(rig.claim), SIGSTOP);
	start = rig_now_us();
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "query-status", NULL, NULL), -ETIMEDOUT);
	ck_assert_uint_lt(rig_now_us() - start, 2000000);
	start = rig_now_us();
	rig_close(&rig);
	ck_assert_uint_lt(rig_now_us() - start, 3000000);
}
END_TEST

#define CLAIMERS 4

static void *claim_and_close(void *arg)
{
	struct rig own;
	char *reply = NULL;

	rig_claim(&own, "edu", NULL);
	ck_assert_int_eq(ddekit_claim_quiesce(own.claim), 0);
	ck_assert_int_eq(ddekit_claim_monitor(own.claim, "query-status", NULL, &reply), 0);
	free(reply);
	ddekit_claim_close(own.claim);
	return NULL;
}

static void *allocate_until(void *arg)
{
	while (!__atomic_load_n((bool *)arg, __ATOMIC_ACQUIRE))
		free(malloc(1000));
	return NULL;
}

/* Another thread holds the allocator's lock most of the time. */
START_TEST(threads_claim_and_close_at_the_same_time)
{
	pthread_t claimer[CLAIMERS], allocator;
	bool over = false;
	int i;

	ck_assert_int_eq(pthread_create(&allocator, NULL, allocate_until, &over), 0);
	for (i = 0; i < CLAIMERS; i++)
		ck_assert_int_eq(pthread_create(&claimer[i], NULL, claim_and_close, NULL), 0);
	for (i = 0; i < CLAIMERS; i++)
		pthread_join(claimer[i], NULL);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	pthread_join(allocator, NULL);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(qemu_does_not_inherit_blocked_signals)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	rig_claim(&rig, "edu", NULL);
	ck_assert(status_has(ddekit_claim_pid(rig.claim), "ShdPnd:\t0000000000000000"));
	kill(ddekit_claim_pid(rig.claim), SIGTERM);
	ck_assert(rig_readable(ddekit_claim_death_fd(rig.claim), 3000));
}
END_TEST

/* ---- monitor -------------------------------------------------------------- */

START_TEST(the_monitor_replies_with_json)
{
	char *reply = NULL;

	rig_claim(&rig, "e1000e", "user");
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "query-status", NULL, &reply), 0);
	ck_assert_ptr_nonnull(strstr(reply, "\"running\":true"));
	free(reply);
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "set_link",
					      "{\"name\":\"net0\",\"up\":false}", NULL),
			 0);
}
END_TEST

START_TEST(the_monitor_reports_refusals)
{
	char *reply = NULL;

	rig_claim(&rig, "edu", NULL);
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "set_link",
					      "{\"name\":\"nosuch\",\"up\":false}", &reply),
			 -EPROTO);
	ck_assert_ptr_nonnull(strstr(reply, "nosuch"));
	free(reply);
	reply = NULL;
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "set_link", "{\"name\":", &reply),
			 -EINVAL);
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "set_link", "[1]", &reply), -EINVAL);
	ck_assert_ptr_null(reply);
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "query-status", NULL, NULL), 0);
}
END_TEST

START_TEST(events_do_not_disturb_the_monitor)
{
	int i;

	rig_claim(&rig, "edu", NULL);
	for (i = 0; i < 50; i++) {
		ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "stop", NULL, NULL), 0);
		ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "cont", NULL, NULL), 0);
	}
}
END_TEST

/* A dead process's replies, or their last bytes, are in the socket when the next process asks. */
START_TEST(a_reply_to_a_dead_process_is_discarded)
{
	struct timespec pause = { 0 };
	char *reply;
	pid_t pid;
	int i;

	rig_claim(&rig, "edu", NULL);
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "query-status", NULL, NULL), 0);
	for (i = 0; i < 100; i++) {
		pid = fork();
		ck_assert_int_ge(pid, 0);
		while (!pid)
			ddekit_claim_monitor(rig.claim, "query-version", NULL, NULL);
		pause.tv_nsec = i * 20000;
		nanosleep(&pause, NULL); /* varies the moment of death */
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		reply = NULL;
		ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "query-status", NULL, &reply), 0);
		ck_assert_msg(strstr(reply, "\"running\"") != NULL, "round %d: %s", i, reply);
		free(reply);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu-claim");
	TCase *refusals = tcase_create("refusals"), *c = tcase_create("claim");

	rig_need_qemu();
	tcase_set_timeout(refusals, 30);
	tcase_add_test(refusals, the_message_names_an_unknown_device);
	tcase_add_test(refusals, the_message_names_an_unknown_property);
	tcase_add_test(refusals, the_message_names_a_netdev_that_does_not_work);
	tcase_add_test(refusals, a_missing_device_argument_is_refused);
	tcase_add_test(refusals, a_drive_needs_options_and_a_file);
	tcase_add_test(refusals, arguments_that_the_backend_sets_are_refused);
	tcase_add_test(refusals, the_message_names_the_package_of_a_missing_qemu);
	tcase_add_test(refusals, last_words_of_qemu_are_printable);
	tcase_add_test(refusals, the_message_explains_why_qemu_cannot_run);
	tcase_add_test(refusals, the_message_reports_a_program_that_is_not_qemu);
	tcase_add_test(refusals, the_message_names_an_unknown_backend);
	tcase_add_test(refusals, pools_of_impossible_size_are_refused);
	tcase_add_test(refusals, a_closed_fd_for_qemu_is_refused);
	tcase_add_test(refusals, the_caller_may_omit_the_message);
	suite_add_tcase(s, refusals);

	tcase_set_timeout(c, 30);
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_add_test(c, close_leaves_no_fd_and_no_process);
	tcase_add_test(c, close_works_with_sigchld_ignored);
	tcase_add_loop_test(c, devices_of_all_kinds_are_claimed_and_quiesced, 0, N_DEVICES);
	tcase_add_test(c, a_pool_of_a_gibibyte_works_up_to_its_last_bytes);
	tcase_add_test(c, the_ram_cannot_be_resized);
	tcase_add_test(c, qemu_runs_unprivileged_and_in_its_sandbox);
	tcase_add_test(c, qemu_inherits_its_fds_and_no_other);
	tcase_add_test(c, qemu_outlives_the_thread_that_started_it);
	tcase_add_test(c, qemu_dies_with_its_claimer_even_by_sigkill);
	tcase_add_test(c, the_death_of_qemu_is_reported_with_its_cause);
	tcase_add_test(c, a_stuck_qemu_does_not_block_quiesce_or_close);
	tcase_add_test(c, a_stuck_qemu_is_killed_within_seconds);
	tcase_add_test(c, threads_claim_and_close_at_the_same_time);
	tcase_add_test(c, qemu_does_not_inherit_blocked_signals);
	tcase_add_test(c, the_monitor_replies_with_json);
	tcase_add_test(c, the_monitor_reports_refusals);
	tcase_add_test(c, events_do_not_disturb_the_monitor);
	tcase_add_test(c, a_reply_to_a_dead_process_is_discarded);
	suite_add_tcase(s, c);
	return suite_run(s);
}
