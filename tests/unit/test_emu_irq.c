/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts of the emu backend, with QEMU's edu, e1000 and rtl8139 devices. */
#include <errno.h>
#include <stdatomic.h>
#include "rig.h"

#define EDU "edu,dma_mask=0xffffffff"
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_IRQ_STATUS 0x24
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_DEST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_BUFFER 0x40000
#define CAP_MSI 0x05

static struct rig rig;

static void teardown(void)
{
	rig_close(&rig);
}

static struct ddekit_irq *edu_msi(void)
{
	uint32_t cap = rig_capability(&rig, CAP_MSI), data;
	struct ddekit_irq *irq;
	uint64_t address;

	ck_assert_int_ne(cap, 0);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSI, 0, 1, &irq), 0);
	ddekit_irq_message(irq, &address, &data);
	rig_config_write(&rig, 1, 0, cap + 4, 4, (uint32_t)address);
	rig_config_write(&rig, 1, 0, cap + 8, 4, (uint32_t)(address >> 32));
	rig_config_write(&rig, 1, 0, cap + 12, 2, data);
	rig_config_write(&rig, 1, 0, cap + 2, 2, 1);
	return irq;
}

START_TEST(a_message_interrupt_signals_its_eventfd)
{
	struct ddekit_irq *irq;

	rig_open(&rig, EDU, NULL);
	irq = edu_msi();
	ck_assert(!rig_readable(ddekit_irq_fd(irq), 0));
	rig_write(&rig, EDU_IRQ_RAISE, 1);
	ddekit_pci_flush(rig.pci);
	ck_assert(rig_readable(ddekit_irq_fd(irq), 2000));
	ddekit_irq_free(irq);
}
END_TEST

START_TEST(the_device_reads_and_writes_the_pool_at_its_own_addresses)
{
	const struct ddekit_pool *pool;
	volatile uint32_t *a, *b;
	struct ddekit_irq *irq;

	rig_open(&rig, EDU, NULL);
	irq = edu_msi();
	pool = ddekit_pci_pool(rig.pci);
	ck_assert_uint_eq((uintptr_t)pool->cpu, pool->base.v);
	a = (volatile uint32_t *)((char *)pool->cpu + 0x1000);
	b = (volatile uint32_t *)((char *)pool->cpu + pool->size - 4096);
	*a = 0xfeedbeef;
	rig_write(&rig, EDU_DMA_SOURCE, (uint32_t)(uintptr_t)a);
	rig_write(&rig, EDU_DMA_DEST, EDU_BUFFER);
	rig_write(&rig, EDU_DMA_COUNT, 4);
	rig_write(&rig, EDU_DMA_COMMAND, 1 | 4);
	ddekit_pci_flush(rig.pci);
	ck_assert(rig_readable(ddekit_irq_fd(irq), 2000));
	rig_write(&rig, EDU_IRQ_ACK, rig_read(&rig, EDU_IRQ_STATUS));
	rig_write(&rig, EDU_DMA_SOURCE, EDU_BUFFER);
	rig_write(&rig, EDU_DMA_DEST, (uint32_t)(uintptr_t)b);
	rig_write(&rig, EDU_DMA_COMMAND, 1 | 2);
	while (rig_read(&rig, EDU_DMA_COMMAND) & 1)
		;
	ck_assert_uint_eq(*b, 0xfeedbeef);
}
END_TEST

/* ---- lines ---------------------------------------------------------------- */

static atomic_uint fired;

static void on_line(void *arg)
{
	(void)arg;
	atomic_fetch_add(&fired, 1);
}

static bool line_fired_as_often_as(void *arg)
{
	return atomic_load(&fired) == *(unsigned int *)arg;
}

static struct ddekit_irq *line_of_port(unsigned int pin)
{
	struct ddekit_irq *irq;

	atomic_store(&fired, 0);
	ck_assert_int_eq(ddekit_irq_intx(rig.pci, RIG_PORT_DEVFN, pin, &irq), 0);
	ck_assert_int_eq(ddekit_irq_fd(irq), -1);
	ddekit_irq_set_handler(irq, on_line, NULL);
	return irq;
}

static bool line_fired_within(unsigned int times, int ms)
{
	return rig_service_until(&rig, line_fired_as_often_as, &times, ms);
}

START_TEST(a_line_behind_the_root_port_is_raised)
{
	rig_open(&rig, EDU, NULL);
	ddekit_irq_unmask(line_of_port(1));
	rig_write(&rig, EDU_IRQ_RAISE, 1);
	ck_assert(line_fired_within(1, 2000));
}
END_TEST

START_TEST(a_raised_line_masks_itself)
{
	rig_open(&rig, EDU, NULL);
	ddekit_irq_unmask(line_of_port(1));
	rig_write(&rig, EDU_IRQ_RAISE, 1);
	ck_assert(line_fired_within(1, 2000));
	rig_write(&rig, EDU_IRQ_ACK, 1);
	rig_write(&rig, EDU_IRQ_RAISE, 1);
	rig_read(&rig, EDU_IRQ_STATUS);
	ck_assert_uint_eq(atomic_load(&fired), 1);
}
END_TEST

START_TEST(unmasking_an_asserted_line_raises_it_again)
{
	struct ddekit_irq *irq;

	rig_open(&rig, EDU, NULL);
	irq = line_of_port(1);
	ddekit_irq_unmask(irq);
	rig_write(&rig, EDU_IRQ_RAISE, 1);
	ck_assert(line_fired_within(1, 2000));
	ddekit_irq_unmask(irq);
	ck_assert_uint_eq(atomic_load(&fired), 2);
}
END_TEST

START_TEST(unmasking_sees_a_posted_acknowledgement)
{
	struct ddekit_irq *irq;

	rig_open(&rig, EDU, NULL);
	irq = line_of_port(1);
	ddekit_irq_unmask(irq);
	rig_write(&rig, EDU_IRQ_RAISE, 1);
	ck_assert(line_fired_within(1, 2000));
	rig_write(&rig, EDU_IRQ_ACK, 1);
	ddekit_irq_unmask(irq);
	rig_read(&rig, EDU_IRQ_STATUS);
	ck_assert_uint_eq(atomic_load(&fired), 1);
}
END_TEST

START_TEST(a_masked_line_raises_nothing_until_unmasked)
{
	struct ddekit_irq *irq;

	rig_open(&rig, EDU, NULL);
	irq = line_of_port(1);
	ddekit_irq_unmask(irq);
	ddekit_irq_mask(irq);
	rig_write(&rig, EDU_IRQ_RAISE, 1);
	rig_read(&rig, EDU_IRQ_STATUS);
	ck_assert_uint_eq(atomic_load(&fired), 0);
	ddekit_irq_unmask(irq);
	ck_assert_uint_eq(atomic_load(&fired), 1);
}
END_TEST

START_TEST(a_line_lowered_before_unmasking_is_not_raised)
{
	struct ddekit_irq *irq;

	rig_open(&rig, EDU, NULL);
	irq = line_of_port(1);
	rig_write(&rig, EDU_IRQ_RAISE, 1);
	rig_write(&rig, EDU_IRQ_ACK, 1);
	ddekit_irq_unmask(irq);
	rig_read(&rig, EDU_IRQ_STATUS);
	ck_assert_uint_eq(atomic_load(&fired), 0);
}
END_TEST

/* 82540EM: IMS at 0xd0, ICS at 0xc8, ICR at 0xc0 (cleared by reading). */
START_TEST(e1000_raises_and_lowers_its_line)
{
	struct ddekit_irq *irq;

	rig_open(&rig, "e1000", NULL);
	irq = line_of_port(rig_config_read(&rig, 1, 0, 0x3d, 1));
	ddekit_irq_unmask(irq);
	rig_write(&rig, 0xd0, 4);
	rig_write(&rig, 0xc8, 4);
	ck_assert(line_fired_within(1, 2000));
	ck_assert_uint_eq(rig_read(&rig, 0xc0) & 4, 4);
	ddekit_irq_unmask(irq);
	ck_assert_uint_eq(atomic_load(&fired), 1);
	rig_write(&rig, 0xc8, 4);
	ck_assert(line_fired_within(2, 2000));
}
END_TEST

/* 8139: memory in BAR 1, ports in BAR 0; mask 0x3c, status 0x3e, timer. */
START_TEST(rtl8139_raises_its_line_from_its_timer_and_ports_work)
{
	struct ddekit_irq *irq;

	rig_claim(&rig, "rtl8139", NULL);
	rig_adopt(&rig);
	rig_config_write(&rig, 0, RIG_PORT_DEVFN, 0x1c, 2, 0xc0c0);
	rig_config_write(&rig, 0, RIG_PORT_DEVFN, 4, 2, 7);
	rig_config_write(&rig, 1, 0, 0x10, 4, RIG_PORTS);
	rig_config_write(&rig, 1, 0, 4, 2, 7);
	irq = line_of_port(rig_config_read(&rig, 1, 0, 0x3d, 1));
	ddekit_irq_unmask(irq);
	ddekit_pci_out(rig.pci, RIG_PORTS + 0x3c, 2, 0x4000);
	ddekit_pci_out(rig.pci, RIG_PORTS + 0x54, 4, 1000);
	ddekit_pci_out(rig.pci, RIG_PORTS + 0x48, 4, 0);
	ddekit_pci_flush(rig.pci);
	ck_assert(line_fired_within(1, 2000));
	ck_assert_uint_eq(ddekit_pci_in(rig.pci, RIG_PORTS + 0x3e, 2) & 0x4000, 0x4000);
}
END_TEST

START_TEST(the_four_pins_of_the_port_have_different_lines)
{
	struct ddekit_irq *a, *b;
	unsigned int i, k;

	rig_open(&rig, EDU, NULL);
	for (i = 1; i <= 4; i++)
		for (k = 1; k <= 4; k++) {
			ck_assert_int_eq(ddekit_irq_intx(rig.pci, RIG_PORT_DEVFN, i, &a), 0);
			ck_assert_int_eq(ddekit_irq_intx(rig.pci, RIG_PORT_DEVFN, k, &b), 0);
			ck_assert((a == b) == (i == k));
		}
	ck_assert_int_eq(ddekit_irq_intx(rig.pci, RIG_PORT_DEVFN, 0, &a), -EINVAL);
	ck_assert_int_eq(ddekit_irq_intx(rig.pci, RIG_PORT_DEVFN, 5, &a), -EINVAL);
}
END_TEST

/* ---- vectors -------------------------------------------------------------- */

START_TEST(at_most_sixty_four_vectors_can_be_allocated)
{
	struct ddekit_irq *irq[64], *more = NULL;
	unsigned int i;

	rig_open(&rig, EDU, NULL);
	for (i = 0; i < 64; i++) {
		ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSIX, i, 1,
							  &irq[i]),
				 0);
		ck_assert_uint_eq(ddekit_irq_number(irq[i]), i);
	}
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSIX, 64, 1, &more),
			 -ENOSPC);
	ck_assert_ptr_null(more);
	ddekit_irq_free(irq[17]);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSIX, 64, 1, &more), 0);
	ck_assert_uint_eq(ddekit_irq_number(more), 17);
}
END_TEST

START_TEST(vectors_of_plain_msi_are_aligned_and_contiguous)
{
	struct ddekit_irq *one, *irq[8];
	unsigned int i;

	rig_open(&rig, EDU, NULL);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSI, 0, 1, &one), 0);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSI, 0, 5, irq), 0);
	for (i = 0; i < 5; i++)
		ck_assert_uint_eq(ddekit_irq_number(irq[i]), 8 + i);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSI, 0, 0, irq),
			 -EINVAL);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSI, 0, 33, irq),
			 -EINVAL);
	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_INTX, 0, 1, irq),
			 -EINVAL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu-irq");
	TCase *c = tcase_create("irq");

	rig_need_qemu();
	tcase_add_checked_fixture(c, NULL, teardown);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, a_message_interrupt_signals_its_eventfd);
	tcase_add_test(c, the_device_reads_and_writes_the_pool_at_its_own_addresses);
	tcase_add_test(c, a_line_behind_the_root_port_is_raised);
	tcase_add_test(c, a_raised_line_masks_itself);
	tcase_add_test(c, unmasking_an_asserted_line_raises_it_again);
	tcase_add_test(c, unmasking_sees_a_posted_acknowledgement);
	tcase_add_test(c, a_masked_line_raises_nothing_until_unmasked);
	tcase_add_test(c, a_line_lowered_before_unmasking_is_not_raised);
	tcase_add_test(c, e1000_raises_and_lowers_its_line);
	tcase_add_test(c, rtl8139_raises_its_line_from_its_timer_and_ports_work);
	tcase_add_test(c, the_four_pins_of_the_port_have_different_lines);
	tcase_add_test(c, at_most_sixty_four_vectors_can_be_allocated);
	tcase_add_test(c, vectors_of_plain_msi_are_aligned_and_contiguous);
	suite_add_tcase(s, c);
	return suite_run(s);
}
