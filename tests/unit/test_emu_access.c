/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses to an adopted device of the emu backend. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "rig.h"

#define RAL(n) (0x5400 + 8 * (n)) /* e1000e: receive address registers */
#define EDU_ID 0x00
#define EDU_LIVENESS 0x04

static struct rig rig;

static void teardown(void)
{
	rig_close(&rig);
}

START_TEST(the_mac_address_of_e1000e_is_in_its_registers)
{
	rig_open(&rig, "e1000e,mac=52:54:00:12:34:56", NULL);
	ck_assert_uint_eq(rig_read(&rig, RAL(0)), 0x12005452);
	ck_assert_uint_eq(rig_read(&rig, RAL(0) + 4), 0x80005634);
}
END_TEST

START_TEST(the_device_is_behind_a_root_port)
{
	rig_claim(&rig, "e1000e", NULL);
	rig_adopt(&rig);
	ck_assert_uint_eq(rig_config_read(&rig, 0, RIG_PORT_DEVFN, 0x0e, 1) & 0x7f, 1);
	ck_assert_uint_eq(rig_config_read(&rig, 0, RIG_PORT_DEVFN, 0x18, 4) & 0xffffff, 0x010100);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0, 4), 0x10d38086);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0, 2), 0x8086);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 3, 1), 0x10);
}
END_TEST

START_TEST(absent_functions_are_reported)
{
	uint32_t v = 0x12345678;
	unsigned int slot;

	rig_claim(&rig, "edu", NULL);
	rig_adopt(&rig);
	for (slot = 0; slot < 32; slot++) {
		int want = slot == 1 ? 0 : -ENODEV;

		v = 0x12345678;
		ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 0, (uint8_t)(slot << 3), 0, 4, &v),
				 want);
		ck_assert(want == 0 || v == 0x12345678);
		ck_assert_int_eq(ddekit_pci_config_write(rig.pci, 0, (uint8_t)(slot << 3), 0x3c, 1,
							 0),
				 want);
	}
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 1, 1, 0, 4, &v), -ENODEV);
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 1, 1, 0x40, 1, &v), -ENODEV);
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 2, 0, 0, 4, &v), -ENODEV);
	ck_assert_int_eq(ddekit_pci_config_write(rig.pci, 2, 0, 4, 2, 7), -ENODEV);
}
END_TEST

/* Constant registers are cached, whatever the function's bus number. */
START_TEST(constant_registers_follow_the_bus_numbers)
{
	struct ddekit_pci_stats a, b;
	uint32_t v = 0;

	rig_claim(&rig, "e1000e", NULL);
	rig_adopt(&rig);
	ddekit_pci_stats(rig.pci, &a);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0, 4), 0x10d38086);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0x0a, 2), 0x0200);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0x100, 2), 0x0001);
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 0, 2 << 3, 0, 4, &v), -ENODEV);
	ddekit_pci_stats(rig.pci, &b);
	ck_assert_uint_eq(b.messages, a.messages);

	rig_config_write(&rig, 0, RIG_PORT_DEVFN, 0x18, 4, 0x050500);
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 1, 0, 0, 4, &v), -ENODEV);
	ck_assert_uint_eq(rig_config_read(&rig, 5, 0, 0, 4), 0x10d38086);
	rig_config_write(&rig, 0, RIG_PORT_DEVFN, 0x19, 1, 1);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0, 4), 0x10d38086);
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 5, 0, 0, 4, &v), -ENODEV);
}
END_TEST

START_TEST(impossible_config_accesses_are_refused)
{
	uint32_t v = 1;

	rig_claim(&rig, "edu", NULL);
	rig_adopt(&rig);
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 1, 0, 4096, 4, &v), -EINVAL);
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 1, 0, 2, 4, &v), -EINVAL);
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 1, 0, 0, 3, &v), -EINVAL);
	ck_assert_int_eq(ddekit_pci_config_write(rig.pci, 1, 0, 1, 2, 0), -EINVAL);
	ck_assert_uint_eq(v, 1);
}
END_TEST

START_TEST(extended_config_space_can_be_read)
{
	rig_claim(&rig, "e1000e", NULL);
	rig_adopt(&rig);
	ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0x100, 2), 0x0001); /* AER */
}
END_TEST

START_TEST(a_range_outside_the_windows_cannot_be_mapped)
{
	struct ddekit_pci_windows w;
	volatile void *cpu = (void *)1;

	rig_open(&rig, "edu", NULL);
	ddekit_pci_windows(rig.pci, &w);
	ck_assert_int_eq(ddekit_pci_map(rig.pci, (ddekit_busaddr){ 0xb0000000 }, 4096, &cpu),
			 -ENXIO);
	ck_assert_int_eq(ddekit_pci_map(rig.pci,
					(ddekit_busaddr){ w.mem_base.v + w.mem_size - 4096 }, 8192,
					&cpu),
			 -ENXIO);
	ck_assert_int_eq(ddekit_pci_map(rig.pci, (ddekit_busaddr){ ~0ull }, 2, &cpu), -ENXIO);
	ck_assert_int_eq(ddekit_pci_map(rig.pci, w.mem_base, 0, &cpu), -ENXIO);
	ck_assert_ptr_eq((void *)cpu, (void *)1);
	ck_assert_int_eq(ddekit_pci_map(rig.pci, w.mem_base, 4096, &cpu), 0);
	ck_assert_ptr_null((void *)cpu);
	ddekit_pci_unmap(rig.pci, cpu, 4096);
}
END_TEST

START_TEST(addresses_outside_the_windows_read_all_ones)
{
	rig_open(&rig, "edu", NULL);
	ck_assert_uint_eq(ddekit_pci_read(rig.pci, (ddekit_busaddr){ 0xb0000000 }, 4), 0xffffffff);
	ck_assert_uint_eq(ddekit_pci_read(rig.pci, (ddekit_busaddr){ 0x10000000 }, 1), 0xff);
	ck_assert_uint_eq(ddekit_pci_in(rig.pci, 0xcf8, 2), 0xffff);
	ddekit_pci_write(rig.pci, (ddekit_busaddr){ 0x10000000 }, 4, 1);
	ddekit_pci_out(rig.pci, 0xcf8, 4, 1);
	rig_read(&rig, EDU_ID);
	ck_assert_uint_eq(*(volatile uint32_t *)0x10000000, 0);
}
END_TEST

START_TEST(a_read_sees_all_writes_before_it)
{
	uint32_t i;

	rig_open(&rig, "edu", NULL);
	for (i = 1; i <= 5000; i++)
		rig_write(&rig, EDU_LIVENESS, i);
	ck_assert_uint_eq(rig_read(&rig, EDU_LIVENESS), ~5000u);
	for (i = 1; i <= 300; i++) {
		rig_write(&rig, EDU_LIVENESS, i);
		ck_assert_uint_eq(rig_read(&rig, EDU_LIVENESS), ~i);
	}
}
END_TEST

static bool msi_arrived(int fd)
{
	return rig_readable(fd, 2000);
}

START_TEST(flush_sends_pending_writes)
{
	struct ddekit_irq *irq;
	uint64_t address;
	uint32_t data, cap;
	int i;

	rig_open(&rig, "edu", NULL);
	cap = rig_capability(&rig, 0x05);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSI, 0, 1, &irq), 0);
	ddekit_irq_message(irq, &address, &data);
	rig_config_write(&rig, 1, 0, cap + 4, 4, (uint32_t)address);
	rig_config_write(&rig, 1, 0, cap + 12, 2, data);
	rig_config_write(&rig, 1, 0, cap + 2, 2, 1);
	for (i = 0; i < 20; i++)
		rig_write(&rig, EDU_LIVENESS, 0);
	rig_write(&rig, 0x60, 1);
	ddekit_pci_flush(rig.pci);
	ck_assert(msi_arrived(ddekit_irq_fd(irq)));
}
END_TEST

START_TEST(accesses_of_eight_bytes_work)
{
	rig_open(&rig, "edu,dma_mask=0xffffffffff", NULL);
	ddekit_pci_write(rig.pci, (ddekit_busaddr){ RIG_BAR0 + 0x80 }, 8, 0x1234567890ull);
	ck_assert_uint_eq(ddekit_pci_read(rig.pci, (ddekit_busaddr){ RIG_BAR0 + 0x80 }, 8),
			  0x1234567890ull);
	ck_assert_uint_eq(ddekit_pci_read(rig.pci, (ddekit_busaddr){ RIG_BAR0 }, 3), ~0ull);
}
END_TEST

static atomic_uint ticks;

static void on_tick(int sig)
{
	(void)sig;
	atomic_fetch_add(&ticks, 1);
}

START_TEST(signals_do_not_disturb_accesses)
{
	struct itimerval fast = { { 0, 500 }, { 0, 500 } }, off = { 0 };
	struct sigaction sa = { .sa_handler = on_tick }; /* no SA_RESTART */
	uint32_t i;

	rig_open(&rig, "edu", NULL);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &fast, NULL);
	for (i = 0; atomic_load(&ticks) < 200; i++) {
		rig_write(&rig, EDU_LIVENESS, i);
		rig_write(&rig, EDU_LIVENESS, i + 1);
		ck_assert_uint_eq(rig_read(&rig, EDU_LIVENESS), ~(i + 1));
		ck_assert_uint_eq(rig_config_read(&rig, 1, 0, 0, 4), 0x11e81234);
	}
	setitimer(ITIMER_REAL, &off, NULL);
}
END_TEST

static void *hammer_register(void *arg)
{
	uint32_t reg = RAL((uint32_t)(uintptr_t)arg), i;

	for (i = 0; i < 1000; i++) {
		rig_write(&rig, reg, i << 8 | reg);
		if (rig_read(&rig, reg) != (i << 8 | reg))
			return (void *)1;
	}
	return NULL;
}

START_TEST(threads_do_not_see_values_of_others)
{
	pthread_t t[4];
	uintptr_t i;

	rig_open(&rig, "e1000e", NULL);
	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, hammer_register, (void *)(i + 1));
	for (i = 0; i < 4; i++) {
		void *bad;

		pthread_join(t[i], &bad);
		ck_assert_ptr_null(bad);
	}
}
END_TEST

START_TEST(accesses_are_counted)
{
	struct ddekit_pci_stats a, b;

	rig_open(&rig, "edu", NULL);
	ddekit_pci_stats(rig.pci, &a);
	rig_read(&rig, 0);
	rig_write(&rig, EDU_LIVENESS, 0);
	rig_write(&rig, EDU_LIVENESS, 0);
	rig_config_read(&rig, 1, 0, 0, 4);
	rig_config_write(&rig, 1, 0, 0x3c, 1, 3);
	ddekit_pci_in(rig.pci, RIG_PORTS, 1);
	ddekit_pci_out(rig.pci, RIG_PORTS, 1, 0);
	ddekit_pci_stats(rig.pci, &b);
	ck_assert_uint_eq(b.mmio_reads - a.mmio_reads, 1);
	ck_assert_uint_eq(b.mmio_writes - a.mmio_writes, 2);
	ck_assert_uint_eq(b.config_reads - a.config_reads, 1);
	ck_assert_uint_eq(b.config_writes - a.config_writes, 1);
	ck_assert_uint_eq(b.io_reads - a.io_reads, 1);
	ck_assert_uint_eq(b.io_writes - a.io_writes, 1);
	ck_assert_uint_gt(b.messages, a.messages);
	ck_assert_uint_gt(b.syscalls, a.syscalls);
}
END_TEST

/* ---- the device dies ------------------------------------------------------ */

static atomic_bool saw_death;

static void *hammer_until_dead(void *arg)
{
	uint32_t v;

	(void)arg;
	do {
		rig_write(&rig, EDU_LIVENESS, 0);
	} while (rig_read(&rig, EDU_LIVENESS) != 0xffffffff ||
		 ddekit_pci_config_read(rig.pci, 1, 0, 0, 4, &v) != -EIO);
	atomic_store(&saw_death, true);
	return NULL;
}

START_TEST(accesses_survive_the_death_of_qemu)
{
	pthread_t t[2];
	struct timespec ts = { 0, 20000000 };
	uint32_t v = 5;
	int i;

	rig_open(&rig, "edu", NULL);
	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, hammer_until_dead, NULL);
	nanosleep(&ts, NULL); /* lets the threads reach the middle of their loops */
	kill(ddekit_claim_pid(rig.claim), SIGKILL);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	ck_assert(atomic_load(&saw_death));
	ck_assert_int_eq(ddekit_pci_service(rig.pci), -EIO);
	ck_assert_int_eq(ddekit_pci_config_read(rig.pci, 1, 0, 0, 4, &v), -EIO);
	ck_assert_int_eq(ddekit_pci_config_write(rig.pci, 1, 0, 4, 2, 0), -EIO);
	ck_assert_uint_eq(v, 5);
	ck_assert_uint_eq(ddekit_pci_read(rig.pci, (ddekit_busaddr){ RIG_BAR0 }, 2), 0xffff);
	ck_assert_uint_eq(ddekit_pci_read(rig.pci, (ddekit_busaddr){ RIG_BAR0 }, 8), ~0ull);
	rig_write(&rig, 0, 0);
	ddekit_pci_flush(rig.pci);
}
END_TEST

START_TEST(an_idle_driver_host_notices_the_death_of_qemu)
{
	rig_open(&rig, "edu", NULL);
	rig_read(&rig, 0);
	kill(ddekit_claim_pid(rig.claim), SIGKILL);
	ck_assert(rig_readable(ddekit_pci_service_fd(rig.pci), 2000));
	ck_assert_int_eq(ddekit_pci_service(rig.pci), -EIO);
}
END_TEST

/* ---- handover ------------------------------------------------------------- */

static void expect_adopt_fails(int error)
{
	struct ddekit_pci *pci = NULL;
	uint32_t i;

	ck_assert_int_eq(ddekit_pci_adopt(&rig.h, &pci), error);
	ck_assert_ptr_null(pci);
	for (i = 0; i < rig.h.n_fds && i < DDEKIT_HANDOVER_FDS; i++)
		ck_assert_int_eq(fcntl(rig.h.fds[i], F_GETFD), -1);
}

START_TEST(a_bad_handover_is_refused_and_its_fds_closed)
{
	rig_claim(&rig, "edu", NULL);
	rig_handover(&rig);
	rig.h.version++;
	expect_adopt_fails(-EPROTO);
	rig_handover(&rig);
	strcpy(rig.h.backend, "nosuch");
	expect_adopt_fails(-ENOENT);
	rig_handover(&rig);
	memset(rig.h.backend, 'e', sizeof(rig.h.backend));
	expect_adopt_fails(-ENOENT);
	rig_handover(&rig);
	rig.h.blob[0]++;
	expect_adopt_fails(-EPROTO);
	rig_handover(&rig);
	rig.h.blob_len = 3;
	expect_adopt_fails(-EPROTO);
	rig_handover(&rig);
	rig.h.n_fds--;
	close(rig.h.fds[rig.h.n_fds]);
	expect_adopt_fails(-EPROTO);
}
END_TEST

START_TEST(an_occupied_pool_address_is_refused)
{
	rig_open(&rig, "edu", NULL);
	rig_handover(&rig);
	expect_adopt_fails(-EEXIST);
}
END_TEST

START_TEST(close_unmaps_the_pool_and_closes_the_fds)
{
	unsigned int fds;

	rig_claim(&rig, "edu", NULL);
	rig_count_fds();
	fds = rig_count_fds();
	rig_adopt(&rig);
	rig_leave(&rig);
	ck_assert_uint_eq(rig_count_fds(), fds);
	rig_adopt(&rig);
	ddekit_pci_close(NULL);
	ddekit_claim_close(NULL);
}
END_TEST

/* QEMU's monitor reads the register after the close. */
START_TEST(close_sends_pending_writes)
{
	char *reply = NULL;
	int i;

	rig_open(&rig, "e1000e", NULL);
	for (i = 0; i < 20; i++)
		rig_write(&rig, RAL(1), 0x1000u + (unsigned int)i);
	rig_leave(&rig);
	ck_assert_int_eq(ddekit_claim_monitor(rig.claim, "human-monitor-command",
					      "{\"command-line\":\"xp /1wx 0xe0005408\"}", &reply),
			 0);
	ck_assert_msg(strstr(reply, "0x00001013"), "%s", reply);
	free(reply);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu-access");
	TCase *c = tcase_create("access");

	rig_need_qemu();
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, the_mac_address_of_e1000e_is_in_its_registers);
	tcase_add_test(c, the_device_is_behind_a_root_port);
	tcase_add_test(c, absent_functions_are_reported);
	tcase_add_test(c, constant_registers_follow_the_bus_numbers);
	tcase_add_test(c, impossible_config_accesses_are_refused);
	tcase_add_test(c, extended_config_space_can_be_read);
	tcase_add_test(c, a_range_outside_the_windows_cannot_be_mapped);
	tcase_add_test(c, addresses_outside_the_windows_read_all_ones);
	tcase_add_test(c, a_read_sees_all_writes_before_it);
	tcase_add_test(c, flush_sends_pending_writes);
	tcase_add_test(c, accesses_of_eight_bytes_work);
	tcase_add_test(c, signals_do_not_disturb_accesses);
	tcase_add_test(c, threads_do_not_see_values_of_others);
	tcase_add_test(c, accesses_are_counted);
	tcase_add_test(c, accesses_survive_the_death_of_qemu);
	tcase_add_test(c, an_idle_driver_host_notices_the_death_of_qemu);
	tcase_add_test(c, a_bad_handover_is_refused_and_its_fds_closed);
	tcase_add_test(c, an_occupied_pool_address_is_refused);
	tcase_add_test(c, close_unmaps_the_pool_and_closes_the_fds);
	tcase_add_test(c, close_sends_pending_writes);
	suite_add_tcase(s, c);
	return suite_run(s);
}
