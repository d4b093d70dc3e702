/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emu backend's claim with a QEMU or a driver host that misuses what it shares with the
 * claim.  The test plays QEMU.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "backend/emu/claim.h"
#include "deadline.h"
#include "rig.h"

#define SLACK_MS 1000u /* the machine may be busy */

extern const struct backend emu_backend;

static struct emu_claim *claim;
static int qemu, monitor; /* QEMU's ends of the sockets */
static int stuck = -1;    /* an eventfd that QEMU signals before each reply; -1: none */
static pthread_t thread;

static void reply_unknown(const char *line)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "FAIL Unknown command '%s'\n", line);

	if (send(qemu, text, (size_t)n, MSG_NOSIGNAL) < 0)
		return;
}

/* A QEMU that knows no command, which is enough without PCI functions. */
static void *play_qemu(void *arg)
{
	char buf[4096], *line, *rest;
	uint64_t one = 1;
	ssize_t n;

	while ((n = recv(qemu, buf, sizeof(buf) - 1, 0)) > 0) {
		if (stuck >= 0 && write(stuck, &one, sizeof(one)) < 0)
			break;
		buf[n] = 0;
		for (line = strtok_r(buf, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			reply_unknown(line);
	}
	return NULL;
}

static int quiesce(void)
{
	return emu_backend.claim.quiesce(&claim->base);
}

static void setup(void)
{
	int pair[2], i;

	claim = emu_claim_create(4 << 20);
	claim->ram_fd = memfd_create("ram", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(claim->ram_fd, EMU_POOL_BASE + (4 << 20)), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	claim->qtest_fd = pair[0];
	qemu = pair[1];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	claim->monitor_fd = pair[0];
	monitor = pair[1];
	for (i = 0; i < EMU_VECTORS; i++)
		claim->vector_fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	qtest_init(&claim->qt, claim->qtest_fd);
	emu_monitor_init(&claim->monitor, claim->monitor_fd);
}

static void start_qemu(void)
{
	ck_assert_int_eq(pthread_create(&thread, NULL, play_qemu, NULL), 0);
}

/* ---- files that a driver host had changed --------------------------------- */

static void fill_eventfd(int eventfd)
{
	uint64_t most = UINT64_MAX - 1;

	ck_assert_int_eq(write(eventfd, &most, sizeof(most)), sizeof(most));
}

static void expect_files_as_created(void)
{
	int i;

	for (i = 0; i < EMU_VECTORS; i++) {
		ck_assert(!rig_readable(claim->vector_fd[i], 0));
		ck_assert(fcntl(claim->vector_fd[i], F_GETFL) & O_NONBLOCK);
	}
	ck_assert(!(fcntl(claim->qtest_fd, F_GETFL) & O_NONBLOCK));
}

START_TEST(quiesce_restores_file_flags)
{
	int i;

	start_qemu();
	for (i = 0; i < EMU_VECTORS; i++)
		ck_assert_int_eq(fcntl(claim->vector_fd[i], F_SETFL, 0), 0);
	fill_eventfd(claim->vector_fd[5]);
	ck_assert_int_eq(fcntl(claim->qtest_fd, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(quiesce(), 0);
	expect_files_as_created();
}
END_TEST

START_TEST(quiesce_frees_a_qemu_that_waits_for_a_full_eventfd)
{
	stuck = claim->vector_fd[3];
	ck_assert_int_eq(fcntl(stuck, F_SETFL, 0), 0);
	fill_eventfd(stuck);
	start_qemu();
	ck_assert_int_eq(quiesce(), 0);
	expect_files_as_created();
}
END_TEST

/* ---- a QEMU that never stops sending ------------------------------------------ */

static void expect_duration(uint64_t start_us, unsigned int least_ms, unsigned int most_ms)
{
	uint64_t us = rig_now_us() - start_us;

	ck_assert_uint_ge(us, least_ms * 1000u);
	ck_assert_uint_lt(us, (most_ms + SLACK_MS) * 1000u);
}

static struct {
	int fd;
	size_t len;
	char text[60000]; /* large: the reader never finds the socket empty */
} stream;

static void *pour(void *arg)
{
	while (send(stream.fd, stream.text, stream.len, MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

static void start_stream(int fd, const char *text)
{
	size_t len = strlen(text);

	stream.fd = fd;
	for (stream.len = 0; stream.len + len <= sizeof(stream.text); stream.len += len)
		memcpy(stream.text + stream.len, text, len);
	ck_assert_int_eq(pthread_create(&thread, NULL, pour, NULL), 0);
}

START_TEST(quiesce_ends_at_its_deadline_whatever_qemu_sends)
{
	uint64_t start = rig_now_us();

	start_stream(qemu, "IRQ raise 21\nOK\nFAIL Unknown command\n");
	ck_assert_int_eq(quiesce(), -ETIMEDOUT);
	expect_duration(start, EMU_QUIESCE_MS, EMU_QUIESCE_MS);
	start = rig_now_us();
	ck_assert_int_eq(quiesce(), -ETIMEDOUT);
	expect_duration(start, 0, 0);
}
END_TEST

/* Short: reading it takes longer than sending it. */
static const char event[] = "{}\n";

static int run_command(unsigned int ms)
{
	return emu_monitor_run(&claim->monitor, "query-status", NULL, deadline_ns(ms), NULL);
}

START_TEST(a_command_ends_at_its_deadline_whatever_events_come)
{
	uint64_t start = rig_now_us();

	claim->monitor.ready = true;
	start_stream(monitor, event);
	ck_assert_int_eq(run_command(200), -ETIMEDOUT);
	expect_duration(start, 200, 200);
	start = rig_now_us();
	ck_assert_int_eq(emu_backend.claim.monitor(&claim->base, "query-status", NULL, NULL),
			 -ETIMEDOUT);
	expect_duration(start, EMU_MONITOR_MS, EMU_MONITOR_MS);
}
END_TEST

START_TEST(an_endless_greeting_ends_at_the_deadline)
{
	uint64_t start = rig_now_us();

	start_stream(monitor, "{\"no\": \"greeting\"} ");
	ck_assert_int_lt(run_command(200), 0);
	expect_duration(start, 0, 200);
	ck_assert_int_eq(run_command(200), -EIO);
}
END_TEST

/* A process whose output never ends. */
START_TEST(the_last_output_of_qemu_is_read_up_to_a_limit)
{
	claim->process.stderr_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(claim->process.stderr_fd, 0);
	emu_process_listen(&claim->process);
	ck_assert_uint_gt(claim->process.output_len, 0);
}
END_TEST

/* Starts a stopped process in place of QEMU. */
static void start_process(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	ck_assert_int_gt(pid, 0);
	kill(pid, SIGSTOP);
	claim->process.pid = pid;
	claim->process.pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	ck_assert_int_ge(claim->process.pidfd, 0);
}

static void expect_no_child(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

START_TEST(a_stopped_qemu_that_streams_events_is_killed_in_time)
{
	uint64_t start = rig_now_us();

	start_process();
	claim->monitor.ready = true;
	start_stream(monitor, event);
	emu_backend.claim.close(&claim->base);
	expect_duration(start, EMU_QUIT_MS, EMU_QUIT_MS);
	expect_no_child();
}
END_TEST

START_TEST(a_qemu_that_missed_a_deadline_is_not_asked_to_quit)
{
	uint64_t start;

	start_process();
	claim->qt.dead = claim->qt.timed_out = true;
	start = rig_now_us();
	emu_backend.claim.close(&claim->base);
	expect_duration(start, 0, 0);
	expect_no_child();
}
END_TEST

/* A program in place of QEMU that sends lines to its qtest socket for ever. */
static char *make_pourer(void)
{
	static char path[] = "/tmp/ddekit-pourer-XXXXXX";
	static const char text[] =
		"#!/bin/bash\n"
		"[[ \"$*\" =~ socket,id=ddekit-qtest,fd=([0-9]+) ]]\n"
		"while :; do echo 'IRQ raise 21'; done >&\"${BASH_REMATCH[1]}\"\n";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, 0755), 0);
	close(fd);
	return path;
}

START_TEST(opening_a_claim_fails_at_its_deadline)
{
	struct ddekit_claim_spec spec = { .backend = "emu",
					  .pool_size = RIG_POOL,
					  .emu_device = "edu" };
	struct ddekit_claim *other = NULL;
	char *path = make_pourer(), *why = NULL;
	unsigned int fds = rig_count_fds();
	uint64_t start = rig_now_us();

	setenv("DDEKIT_QEMU", path, 1);
	emu_open_ms = 300;
	ck_assert_int_eq(ddekit_claim_open(&spec, &other, &why), -ETIMEDOUT);
	expect_duration(start, 300, 300);
	ck_assert_msg(strstr(why, "does not answer"), "%s", why);
	ck_assert_ptr_null(other);
	free(why);
	unlink(path);
	expect_no_child();
	ck_assert_uint_eq(rig_count_fds(), fds);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu-peer");
	TCase *c = tcase_create("files");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, quiesce_restores_file_flags);
	tcase_add_test(c, quiesce_frees_a_qemu_that_waits_for_a_full_eventfd);
	suite_add_tcase(s, c);
	c = tcase_create("deadlines");
	tcase_add_checked_fixture(c, setup, NULL);
	tcase_set_timeout(c, 8);
	tcase_add_test(c, quiesce_ends_at_its_deadline_whatever_qemu_sends);
	tcase_add_test(c, a_command_ends_at_its_deadline_whatever_events_come);
	tcase_add_test(c, an_endless_greeting_ends_at_the_deadline);
	tcase_add_test(c, the_last_output_of_qemu_is_read_up_to_a_limit);
	tcase_add_test(c, a_stopped_qemu_that_streams_events_is_killed_in_time);
	tcase_add_test(c, a_qemu_that_missed_a_deadline_is_not_asked_to_quit);
	tcase_add_test(c, opening_a_claim_fails_at_its_deadline);
	suite_add_tcase(s, c);
	return suite_run(s);
}
