/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupt threads, resources and DMA heaps on an emulated device. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <ddekit/dma.h>
#include <ddekit/interrupt.h>
#include <ddekit/resources.h>
#include <ddekit/sem.h>
#include <ddekit/thread.h>
#include "rig.h"

#define EDU "edu,dma_mask=0xffffffff"
#define RAISE 0x60
#define ACK 0x64
#define STATUS 0x24

static struct rig rig;
static ddekit_sem_t *events;
static atomic_int handled, other, inits;

static void setup(void)
{
	events = ddekit_sem_init(0);
}

static void teardown(void)
{
	rig_close(&rig);
	ddekit_sem_deinit(events);
}

static void on_init(void *priv)
{
	(void)priv;
	atomic_fetch_add(&inits, 1);
}

/* As a driver does: reads the status, acknowledges. */
static void on_interrupt(void *priv)
{
	uint32_t status = rig_read(&rig, STATUS);

	(void)priv;
	if (status)
		rig_write(&rig, ACK, status);
	atomic_fetch_add(&handled, 1);
	ddekit_sem_up(events);
}

static void on_other(void *priv)
{
	(void)priv;
	atomic_fetch_add(&other, 1);
}

static void raise_irq(void)
{
	rig_write(&rig, RAISE, 1);
	ddekit_pci_flush(rig.pci);
}

static bool wait_for_event(int ms)
{
	return ddekit_sem_down_timed(events, ms) == 0;
}

static struct ddekit_irq *alloc_vector(void)
{
	uint32_t cap = rig_capability(&rig, 5), data;
	struct ddekit_irq *irq;
	uint64_t address;

	ck_assert_int_eq(ddekit_irq_alloc_vectors(rig.pci, 1, 0, DDEKIT_IRQ_MSI, 0, 1, &irq), 0);
	ddekit_irq_message(irq, &address, &data);
	rig_config_write(&rig, 1, 0, cap + 4, 4, (uint32_t)address);
	rig_config_write(&rig, 1, 0, cap + 12, 2, data);
	rig_config_write(&rig, 1, 0, cap + 2, 2, 1);
	return irq;
}

/* kind, a loop test's _i: 0 for the line, 1 for a vector. */
static struct ddekit_irq *open_interrupt(int kind)
{
	struct ddekit_irq *irq;

	rig_open(&rig, EDU, NULL);
	if (kind)
		return alloc_vector();
	ck_assert_int_eq(ddekit_irq_intx(rig.pci, RIG_PORT_DEVFN, 1, &irq), 0);
	return irq;
}

START_TEST(each_interrupt_reaches_the_handler_in_its_thread)
{
	struct ddekit_irq *irq = open_interrupt(_i);
	int i;

	ck_assert_ptr_nonnull(ddekit_interrupt_attach(irq, false, on_init, on_interrupt, &rig));
	for (i = 0; i < 50; i++) {
		raise_irq();
		ck_assert(wait_for_event(2000));
	}
	ck_assert_int_eq(atomic_load(&inits), 1);
	ck_assert_int_eq(ddekit_interrupt_detach(irq, &rig), 0);
	ck_assert_int_eq(ddekit_interrupt_detach(irq, &rig), -ENOENT);
}
END_TEST

START_TEST(a_disabled_interrupt_is_neither_handled_nor_lost)
{
	struct ddekit_irq *irq = open_interrupt(_i);

	ck_assert_ptr_nonnull(ddekit_interrupt_attach(irq, false, NULL, on_interrupt, &rig));
	ck_assert_int_eq(ddekit_interrupt_disable(irq), 0);
	raise_irq();
	rig_read(&rig, STATUS);
	ck_assert(!wait_for_event(50));
	ck_assert_int_eq(ddekit_interrupt_enable(irq), 0);
	ck_assert(wait_for_event(2000));
	ck_assert(!wait_for_event(20));
	raise_irq();
	ck_assert(wait_for_event(2000));
	ddekit_interrupt_detach(irq, &rig);
	ck_assert_int_eq(ddekit_interrupt_disable(irq), -ENOENT);
	ck_assert_int_eq(ddekit_interrupt_enable(irq), -ENOENT);
}
END_TEST

START_TEST(after_detach_no_handler_runs_and_attach_works_again)
{
	struct ddekit_irq *irq = open_interrupt(_i);

	ddekit_interrupt_attach(irq, false, NULL, on_interrupt, &rig);
	raise_irq();
	ck_assert(wait_for_event(2000));
	ddekit_interrupt_detach(irq, &rig);
	raise_irq();
	ck_assert(!wait_for_event(50));
	ddekit_interrupt_attach(irq, false, NULL, on_interrupt, &rig);
	ck_assert(wait_for_event(2000));
	ddekit_interrupt_detach(irq, &rig);
}
END_TEST

START_TEST(a_shared_interrupt_calls_all_handlers_and_no_exclusive_one)
{
	struct ddekit_irq *irq = open_interrupt(_i);
	ddekit_thread_t *t;

	t = ddekit_interrupt_attach(irq, true, NULL, on_interrupt, &rig);
	ck_assert_ptr_eq(ddekit_interrupt_attach(irq, true, NULL, on_other, &other), t);
	ck_assert_ptr_null(ddekit_interrupt_attach(irq, false, NULL, on_other, NULL));
	ck_assert_int_eq(errno, EBUSY);
	raise_irq();
	ck_assert(wait_for_event(2000));
	ck_assert_int_eq(ddekit_interrupt_detach(irq, &rig), 0);
	ck_assert_int_ge(atomic_load(&other), 1);
	ck_assert_int_eq(ddekit_interrupt_detach(irq, &other), 0);
}
END_TEST

static struct ddekit_irq *own;

static void disable_self(void *priv)
{
	ddekit_interrupt_disable(own);
	on_interrupt(priv);
}

START_TEST(a_handler_may_disable_its_own_interrupt)
{
	own = open_interrupt(_i);
	ddekit_interrupt_attach(own, false, NULL, disable_self, &rig);
	raise_irq();
	ck_assert(wait_for_event(2000));
	raise_irq();
	ck_assert(!wait_for_event(50));
	ddekit_interrupt_enable(own);
	ck_assert(wait_for_event(2000));
	ddekit_interrupt_detach(own, &rig);
}
END_TEST

START_TEST(an_interrupt_thread_survives_the_devices_death)
{
	struct ddekit_irq *irq = open_interrupt(_i);

	ddekit_interrupt_attach(irq, false, NULL, on_interrupt, &rig);
	ddekit_claim_close(rig.claim);
	rig.claim = NULL;
	ck_assert_uint_eq(rig_read(&rig, 0), ~0u);
	ck_assert_int_eq(ddekit_interrupt_detach(irq, &rig), 0);
}
END_TEST

/* ---- resources ------------------------------------------------------------ */

START_TEST(ranges_are_exclusive_until_released)
{
	ddekit_busaddr bar = { RIG_BAR0 }, half = { RIG_BAR0 + 0x800 };
	volatile void *cpu;

	rig_open(&rig, EDU, NULL);
	ck_assert_int_eq(ddekit_request_mem(rig.pci, bar, 0x1000, &cpu), 0);
	ck_assert_ptr_null((void *)cpu);
	ck_assert_int_eq(ddekit_request_mem(rig.pci, half, 0x1000, &cpu), -EBUSY);
	ck_assert_int_eq(ddekit_request_mem(rig.pci, (ddekit_busaddr){ 0x1000 }, 16, &cpu), -ENXIO);
	ck_assert_int_eq(ddekit_release_mem(rig.pci, bar, 0x800), -ENOENT);
	ck_assert_int_eq(ddekit_release_mem(rig.pci, bar, 0x1000), 0);
	ck_assert_int_eq(ddekit_request_mem(rig.pci, half, 0x1000, &cpu), 0);
	ck_assert_int_eq(ddekit_release_mem(rig.pci, half, 0x1000), 0);

	ck_assert_int_eq(ddekit_request_io(rig.pci, RIG_PORTS, 32), 0);
	ck_assert_int_eq(ddekit_request_io(rig.pci, RIG_PORTS + 31, 1), -EBUSY);
	ck_assert_int_eq(ddekit_request_io(rig.pci, RIG_PORTS + 32, 1), 0);
	ck_assert_int_eq(ddekit_request_io(rig.pci, 0x60, 1), -ENXIO);
	ck_assert_int_eq(ddekit_request_io(rig.pci, RIG_PORTS, 0), -ENXIO);
	ck_assert_int_eq(ddekit_release_io(rig.pci, RIG_PORTS, 32), 0);
	ck_assert_int_eq(ddekit_release_io(rig.pci, RIG_PORTS, 32), -ENOENT);
	ck_assert_int_eq(ddekit_release_io(rig.pci, RIG_PORTS + 32, 1), 0);
}
END_TEST

/* ---- a small driver with these objects ------------------------------------ */

START_TEST(a_driver_without_the_runtime_moves_data_by_dma)
{
	static char text[] = "carried by the device";
	struct ddekit_irq *irq = open_interrupt(1);
	struct ddekit_dma_heap *heap;
	ddekit_iova from, to;
	char out[64] = "";

	ddekit_interrupt_attach(irq, false, NULL, on_interrupt, &rig);
	ck_assert_int_eq(ddekit_dma_heap_create(ddekit_pci_pool(rig.pci), 0, 1 << 20, &heap), 0);
	ck_assert_int_eq(ddekit_dma_map_single(heap, text, sizeof(text), DDEKIT_DMA_TO_DEVICE,
					       &from),
			 0);
	ck_assert_int_eq(ddekit_dma_map_single(heap, out, sizeof(text), DDEKIT_DMA_FROM_DEVICE,
					       &to),
			 0);
	rig_write(&rig, 0x80, (uint32_t)from.v);
	rig_write(&rig, 0x88, 0x40000);
	rig_write(&rig, 0x90, sizeof(text));
	rig_write(&rig, 0x98, 1 | 4);
	ddekit_pci_flush(rig.pci);
	ck_assert(wait_for_event(2000));
	rig_write(&rig, 0x80, 0x40000);
	rig_write(&rig, 0x88, (uint32_t)to.v);
	rig_write(&rig, 0x98, 3 | 4);
	ddekit_pci_flush(rig.pci);
	ck_assert(wait_for_event(2000));
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, to, sizeof(text), DDEKIT_DMA_FROM_DEVICE),
			 0);
	ck_assert_int_eq(ddekit_dma_unmap_single(heap, from, sizeof(text), DDEKIT_DMA_TO_DEVICE),
			 0);
	ck_assert_str_eq(out, text);
	ddekit_interrupt_detach(irq, &rig);
	ddekit_dma_heap_destroy(heap);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emu-interrupt");
	TCase *c = tcase_create("interrupt");

	rig_need_qemu();
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 30);
	tcase_add_loop_test(c, each_interrupt_reaches_the_handler_in_its_thread, 0, 2);
	tcase_add_loop_test(c, a_disabled_interrupt_is_neither_handled_nor_lost, 0, 2);
	tcase_add_loop_test(c, after_detach_no_handler_runs_and_attach_works_again, 0, 2);
	tcase_add_loop_test(c, a_shared_interrupt_calls_all_handlers_and_no_exclusive_one, 0, 2);
	tcase_add_loop_test(c, a_handler_may_disable_its_own_interrupt, 0, 2);
	tcase_add_loop_test(c, an_interrupt_thread_survives_the_devices_death, 0, 2);
	tcase_add_test(c, ranges_are_exclusive_until_released);
	tcase_add_test(c, a_driver_without_the_runtime_moves_data_by_dma);
	suite_add_tcase(s, c);
	return suite_run(s);
}
