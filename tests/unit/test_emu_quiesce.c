/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver host may die at any moment; quiesce returns the emu backend's device to its state
 * after the claim.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "rig.h"

#define EDU "edu,dma_mask=0xffffffff"
#define KILLS 60
#define QTEST_FD 1 /* of the handover */

static struct rig rig;

static void teardown(void)
{
	rig_close(&rig);
}

static void quiesce(void)
{
	int err = ddekit_claim_quiesce(rig.claim);
	char *why = NULL;

	if (err && rig_readable(ddekit_claim_death_fd(rig.claim), 1000))
		ddekit_claim_death_why(rig.claim, &why);
	ck_assert_msg(err == 0, "quiesce: %d %s", err, why ? why : "");
}

/* Config space of the port and the device, as a new driver host finds it. */
static void snapshot(uint32_t *config)
{
	uint32_t reg;

	for (reg = 0; reg < 1024; reg++) {
		config[reg] = rig_config_read(&rig, 0, RIG_PORT_DEVFN, reg * 4, 4);
		config[1024 + reg] = rig_config_read(&rig, 1, 0, reg * 4, 4);
	}
}

static void expect_same_after_quiesce(const char *device)
{
	static uint32_t before[2048], after[2048];
	uint32_t i, reg;

	rig_claim(&rig, device, NULL);
	rig_adopt(&rig);
	snapshot(before);
	rig_enable(&rig, -1);
	/* Registers that a kernel writes, and more. */
	for (reg = 0; reg < 2; reg++) {
		for (i = 0x04; i < 0x100; i += 4) {
			if (i == 0x18 && !reg)
				continue;
			rig_config_write(&rig, (uint8_t)reg, reg ? 0 : RIG_PORT_DEVFN, i, 2,
					 0x00f7);
		}
	}
	rig_config_write(&rig, 0, RIG_PORT_DEVFN, 0x18, 4, 0x050500);
	rig_leave(&rig);
	quiesce();
	rig_adopt(&rig);
	snapshot(after);
	for (i = 0; i < 2048; i++)
		ck_assert_msg(before[i] == after[i], "%s config 0x%x: %08x, was %08x",
			      i < 1024 ? "port" : device, i % 1024 * 4, after[i], before[i]);
}

START_TEST(config_space_is_as_after_the_claim_e1000e)
{
	expect_same_after_quiesce("e1000e");
}
END_TEST

START_TEST(config_space_is_as_after_the_claim_rtl8139)
{
	expect_same_after_quiesce("rtl8139");
}
END_TEST

START_TEST(config_space_is_as_after_the_claim_edu)
{
	expect_same_after_quiesce("edu");
}
END_TEST

START_TEST(quiesce_resets_device_registers)
{
	rig_open(&rig, "e1000e,mac=52:54:00:12:34:56", NULL);
	rig_write(&rig, 0x5400, 0xdeadbeef);
	rig_write(&rig, 0xd0, 0x04);
	rig_leave(&rig);
	quiesce();
	rig_adopt(&rig);
	rig_enable(&rig, -1);
	ck_assert_uint_eq(rig_read(&rig, 0x5400), 0x12005452);
	ck_assert_uint_eq(rig_read(&rig, 0xd0), 0);
}
END_TEST

static void on_unexpected_line(void *arg)
{
	(void)arg;
	ck_abort_msg("a line was raised");
}

START_TEST(quiesce_lowers_an_asserted_line)
{
	struct ddekit_irq *line;
	uint32_t lines;

	rig_open(&rig, EDU, NULL);
	rig_write(&rig, 0x60, 1);
	rig_read(&rig, 0x24);
	rig_leave(&rig);
	quiesce();
	rig_handover(&rig);
	memcpy(&lines, rig.h.blob + 8, sizeof(lines));
	ck_assert_uint_eq(lines, 0);
	ck_assert_int_eq(ddekit_pci_adopt(&rig.h, &rig.pci), 0);
	rig_enable(&rig, -1);
	ck_assert_int_eq(ddekit_irq_intx(rig.pci, RIG_PORT_DEVFN, 1, &line), 0);
	ddekit_irq_set_handler(line, on_unexpected_line, NULL);
	ddekit_irq_unmask(line);
	rig_read(&rig, 0);
}
END_TEST

START_TEST(quiesce_clears_pending_vectors)
{
	struct ddekit_irq *irq[64];
	uint64_t address, one = 1;
	uint32_t data, cap;
	int i;

	rig_open(&rig, EDU, NULL);
	for (i = 0; i < 64; i++) {
		ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSIX, 0, 1,
							  &irq[i]),
				 0);
		ck_assert_int_eq(write(ddekit_irq_fd(irq[i]), &one, 8), 8);
	}
	cap = rig_capability(&rig, 5);
	ddekit_irq_message(irq[5], &address, &data);
	rig_config_write(&rig, 1, 0, cap + 4, 4, (uint32_t)address);
	rig_config_write(&rig, 1, 0, cap + 12, 2, data);
	rig_config_write(&rig, 1, 0, cap + 2, 2, 1);
	rig_write(&rig, 0x60, 1);
	rig_leave(&rig);
	quiesce();
	rig_handover(&rig);
	for (i = 2; i < 66; i++)
		ck_assert(!rig_readable(rig.h.fds[i], 0));
}
END_TEST

START_TEST(quiesce_clears_the_pool)
{
	const struct ddekit_pool *pool;
	uint64_t i;

	rig_open(&rig, EDU, NULL);
	pool = ddekit_pci_pool(rig.pci);
	memset(pool->cpu, 0xa5, pool->size);
	rig_leave(&rig);
	quiesce();
	rig_adopt(&rig);
	pool = ddekit_pci_pool(rig.pci);
	for (i = 0; i < pool->size / 8; i++)
		ck_assert_uint_eq(((uint64_t *)pool->cpu)[i], 0);
}
END_TEST

START_TEST(quiesce_completes_a_truncated_command)
{
	static const char *const commands[] = {
		"writel 0xe0000004 0x123456\n",
		"readl 0xe0000004\n",
		"outl 0xc00 0x7\n",
		"inb 0xc00\n",
		"writeq 0xe0000080 0xffffff\n",
	};
	size_t i, cut;

	rig_claim(&rig, EDU, NULL);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		for (cut = 0; cut <= strlen(commands[i]); cut++) {
			rig_handover(&rig);
			ck_assert_int_eq(send(rig.h.fds[QTEST_FD], commands[i], cut, 0), (int)cut);
			for (uint32_t k = 0; k < rig.h.n_fds; k++)
				close(rig.h.fds[k]);
			quiesce();
		}
	rig_adopt(&rig);
	rig_enable(&rig, -1);
	ck_assert_uint_eq(rig_read(&rig, 0), 0x010000ed);
}
END_TEST

/* A driver host that uses DMA, interrupts and config space until it is killed. */
static void busy_host(void)
{
	struct ddekit_irq *line;
	uint32_t cap, i, data;
	uint64_t address;
	struct ddekit_irq *msi;

	rig_adopt(&rig);
	rig_enable(&rig, -1);
	cap = rig_capability(&rig, 5);
	ddekit_irq_intx(rig.pci, RIG_PORT_DEVFN, 1, &line);
	ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSI, 0, 1, &msi);
	ddekit_irq_message(msi, &address, &data);
	rig_config_write(&rig, 1, 0, cap + 4, 4, (uint32_t)address);
	rig_config_write(&rig, 1, 0, cap + 12, 2, data);
	for (i = 0;; i++) {
		rig_write(&rig, 0x80, 0x40000);
		rig_write(&rig, 0x88, 0x10000000 + i % 64 * 4096);
		rig_write(&rig, 0x90, 2048);
		rig_write(&rig, 0x98, 3);
		rig_config_write(&rig, 1, 0, cap + 2, 2, i / 8 & 1);
		rig_write(&rig, 0x60, 1);
		rig_read(&rig, 4);
		rig_write(&rig, 0x64, 1);
		ddekit_irq_unmask(line);
	}
}

START_TEST(a_driver_host_killed_at_any_moment_leaves_no_trace)
{
	uint64_t worst = 0, best = ~0ull, total = 0;
	int i;

	srand(42);
	rig_claim(&rig, EDU, NULL);
	for (i = 0; i < KILLS; i++) {
		struct timespec ts = { 0, rand() % 5000 * 1000 };
		uint64_t start;
		pid_t pid = fork();

		if (!pid) {
			busy_host();
			_exit(0);
		}
		nanosleep(&ts, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		start = rig_now_us();
		quiesce();
		start = rig_now_us() - start;
		total += start;
		worst = start > worst ? start : worst;
		best = start < best ? start : best;
		rig_adopt(&rig);
		ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0x10, 4), 0);
		ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 4, 2), 0);
		rig_enable(&rig, -1);
		ck_assert_uint_eq(rig_read(&rig, 0), 0x010000ed);
		rig_leave(&rig);
	}
	printf("quiesce after %d kills: best %.2f ms, mean %.2f ms, worst %.2f ms\n", KILLS,
	       (double)best / 1000, (double)total / KILLS / 1000, (double)worst / 1000);
	/* Mean and worst depend on other load of the machine. */
	ck_assert_uint_lt(best, 10000);
}
END_TEST

/* ddekitd dies during a quiesce; the next one finds replies to its predecessor's commands. */
START_TEST(an_interrupted_quiesce_can_be_repeated)
{
	int i;

	srand(43);
	rig_claim(&rig, EDU, NULL);
	for (i = 0; i < KILLS; i++) {
		struct timespec ts = { 0, rand() % 3000 * 1000 };
		pid_t pid = fork();

		if (!pid)
			for (;;)
				quiesce();
		nanosleep(&ts, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		quiesce();
	}
	rig_adopt(&rig);
	rig_enable(&rig, -1);
	ck_assert_uint_eq(rig_read(&rig, 0), 0x010000ed);
}
END_TEST

#define LONG_COMMANDS 400

/* Each command takes QEMU about 50 ms. */
static void queue_long_commands(void)
{
	static const char command[] = "memset 0x0 0x4000000 0x5a\n";
	uint32_t i;

	rig_handover(&rig);
	for (i = 0; i < LONG_COMMANDS; i++)
		ck_assert_int_eq(send(rig.h.fds[QTEST_FD], command, sizeof(command) - 1,
				      MSG_DONTWAIT),
				 sizeof(command) - 1);
	for (i = 0; i < rig.h.n_fds; i++)
		close(rig.h.fds[i]);
}

START_TEST(pending_commands_of_a_driver_host_delay_quiesce_by_at_most_two_seconds)
{
	uint64_t start;
	int err;

	rig_claim(&rig, EDU, NULL);
	queue_long_commands();
	start = rig_now_us();
	err = ddekit_claim_quiesce(rig.claim);
	start = rig_now_us() - start;
	printf("quiesce behind %d long commands: %.2f s\n", LONG_COMMANDS, (double)start / 1e6);
	ck_assert_uint_lt(start, 3000000);
	ck_assert_int_eq(err, -ETIMEDOUT);
	start = rig_now_us();
	rig_close(&rig);
	ck_assert_uint_lt(rig_now_us() - start, 1000000);
	rig_open(&rig, EDU, NULL);
	ck_assert_uint_eq(rig_read(&rig, 0), 0x010000ed);
}
END_TEST

/* 82574 with MSI-X: each link change must raise the "other" interrupt. */
START_TEST(every_link_change_of_e1000e_interrupts)
{
	struct ddekit_irq *irq;
	uint64_t address;
	uint32_t data, cap, icr;
	int i;

	rig_open(&rig, "e1000e", NULL);
	rig_config_write(&rig, 1, 0, 0x1c, 4, RIG_BAR0 + 0x100000); /* BAR 3: MSI-X table */
	cap = rig_capability(&rig, 0x11);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSIX, 0, 1, &irq), 0);
	ddekit_irq_message(irq, &address, &data);
	rig_write(&rig, 0x100000, (uint32_t)address);
	rig_write(&rig, 0x100004, 0);
	rig_write(&rig, 0x100008, data);
	rig_write(&rig, 0x10000c, 0);
	rig_config_write(&rig, 1, 0, cap + 2, 2, 0x8000);
	rig_write(&rig, 0xe4, 0x80000);    /* IVAR: other causes → vector 0 */
	rig_write(&rig, 0xd0, 0x01000004); /* IMS: OTHER, LSC */
	rig_read(&rig, 0xc0);
	for (i = 0; i < 6; i++) {
		uint64_t count;

		ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "set_link",
						      i & 1 ? "{\"name\":\"dev0\",\"up\":true}"
							    : "{\"name\":\"dev0\",\"up\":false}",
						      NULL),
				 0);
		ck_assert_msg(rig_readable(ddekit_irq_fd(irq), 2000), "change %d not seen", i);
		ck_assert_int_eq(read(ddekit_irq_fd(irq), &count, 8), 8);
		icr = rig_read(&rig, 0xc0);
		ck_assert_uint_eq(icr & 4, 4);
		rig_write(&rig, 0xd0, 0x01000004);
		ddekit_pci_flush(rig.pci);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu-quiesce");
	TCase *c = tcase_create("quiesce");

	rig_need_qemu();
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, config_space_is_as_after_the_claim_e1000e);
	tcase_add_test(c, config_space_is_as_after_the_claim_rtl8139);
	tcase_add_test(c, config_space_is_as_after_the_claim_edu);
	tcase_add_test(c, quiesce_resets_device_registers);
	tcase_add_test(c, quiesce_lowers_an_asserted_line);
	tcase_add_test(c, quiesce_clears_pending_vectors);
	tcase_add_test(c, quiesce_clears_the_pool);
	tcase_add_test(c, quiesce_completes_a_truncated_command);
	tcase_add_test(c, a_driver_host_killed_at_any_moment_leaves_no_trace);
	tcase_add_test(c, an_interrupted_quiesce_can_be_repeated);
	tcase_add_test(c, pending_commands_of_a_driver_host_delay_quiesce_by_at_most_two_seconds);
	tcase_add_test(c, every_link_change_of_e1000e_interrupts);
	suite_add_tcase(s, c);
	return suite_run(s);
}
