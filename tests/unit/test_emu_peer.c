/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emu backend's claim when what it shares with a driver host and QEMU is not as it
 * should be.  The test plays QEMU.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backend/emu/claim.h"
#include "rig.h"

extern const struct backend emu_backend;

static struct emu_claim *claim;
static int qemu;		/* its end of the qtest socket */
static int stuck = -1;		/* an eventfd that QEMU signals before it answers; -1: none */
static pthread_t thread;

static void answer(const char *line)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "FAIL Unknown command '%s'\n", line);

	if (send(qemu, text, (size_t)n, MSG_NOSIGNAL) < 0)
		return;
}

/* It knows no command, which is all that is needed where there are no functions. */
static void *be_qemu(void *arg)
{
	char buf[4096], *line, *rest;
	uint64_t one = 1;
	ssize_t n;

	while ((n = recv(qemu, buf, sizeof(buf) - 1, 0)) > 0) {
		if (stuck >= 0 && write(stuck, &one, sizeof(one)) < 0)
			break;
		buf[n] = 0;
		for (line = strtok_r(buf, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			answer(line);
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
	for (i = 0; i < EMU_VECTORS; i++)
		claim->vector_fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	qtest_init(&claim->qt, claim->qtest_fd, EMU_REPLY_TIMEOUT_MS);
}

static void start_qemu(void)
{
	ck_assert_int_eq(pthread_create(&thread, NULL, be_qemu, NULL), 0);
}

/* ---- files that a driver host had ----------------------------------------- */

static void fill(int eventfd)
{
	uint64_t most = UINT64_MAX - 1;

	ck_assert_int_eq(write(eventfd, &most, sizeof(most)), sizeof(most));
}

static void files_are_as_made(void)
{
	int i;

	for (i = 0; i < EMU_VECTORS; i++) {
		ck_assert(!rig_readable(claim->vector_fd[i], 0));
		ck_assert(fcntl(claim->vector_fd[i], F_GETFL) & O_NONBLOCK);
	}
	ck_assert(!(fcntl(claim->qtest_fd, F_GETFL) & O_NONBLOCK));
}

START_TEST(files_with_other_flags_are_as_they_were_made_after_quiesce)
{
	int i;

	start_qemu();
	for (i = 0; i < EMU_VECTORS; i++)
		ck_assert_int_eq(fcntl(claim->vector_fd[i], F_SETFL, 0), 0);
	fill(claim->vector_fd[5]);
	ck_assert_int_eq(fcntl(claim->qtest_fd, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(quiesce(), 0);
	files_are_as_made();
}
END_TEST

START_TEST(a_qemu_that_waits_in_a_full_eventfd_gets_on)
{
	stuck = claim->vector_fd[3];
	ck_assert_int_eq(fcntl(stuck, F_SETFL, 0), 0);
	fill(stuck);
	start_qemu();
	ck_assert_int_eq(quiesce(), 0);
	files_are_as_made();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu-peer");
	TCase *c = tcase_create("files");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, files_with_other_flags_are_as_they_were_made_after_quiesce);
	tcase_add_test(c, a_qemu_that_waits_in_a_full_eventfd_gets_on);
	suite_add_tcase(s, c);
	return rig_run(s);
}
