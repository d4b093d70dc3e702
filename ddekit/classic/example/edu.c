/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-edu: a driver over the original DDEKit's API, without the runtime.  The device is
 * QEMU's "edu" (docs/specs/edu.rst of QEMU): it computes factorials, copies memory by DMA,
 * and interrupts when it has finished.
 *
 * What a driver does here: an initcall as its probe function, exclusive registers, an
 * interrupt handler in its own thread, a semaphore between handler and callers, a lock for
 * the one unit that computes, a timer as watchdog, DMA memory.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ddekit/dma.h>
#include <ddekit/initcall.h>
#include <ddekit/interrupt.h>
#include <ddekit/lock.h>
#include <ddekit/memory.h>
#include <ddekit/print.h>
#include <ddekit/resources.h>
#include <ddekit/sem.h>
#include <ddekit/thread.h>
#include <ddekit/timer.h>
#include "board.h"

/* Registers, in BAR 0 */
#define EDU_ID 0x00       /* 0xRRrr00ed: revision */
#define EDU_LIVENESS 0x04 /* reads as what was written, inverted */
#define EDU_FACTORIAL 0x08
#define EDU_STATUS 0x20
#define EDU_STATUS_COMPUTING 0x01u
#define EDU_STATUS_INTERRUPT 0x80u /* interrupt when finished */
#define EDU_CAUSE 0x24
#define EDU_ACKNOWLEDGE 0x64
#define EDU_DMA_SOURCE 0x80
#define EDU_DMA_TARGET 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_START 0x1u
#define EDU_DMA_TO_MEMORY 0x2u
#define EDU_DMA_INTERRUPT 0x4u

#define EDU_PCI_ID 0x11e81234u
#define EDU_SIZE 0x1000     /* bytes of registers that the driver uses */
#define EDU_BUFFER 0x40000u /* the device's own memory, as its DMA addresses it */
#define EDU_COPY_SIZE 2048u /* of 4096; some of QEMU's models refuse all of it */

#define WATCHDOG_NS 5000000000u
#define THREADS 3
#define PER_THREAD 4 /* 1! to 12!: 13! has more than 32 bits */

struct edu {
	struct ddekit_irq *irq;
	struct ddekit_dma_heap *heap;
	ddekit_sem_t *finished; /* by the handler, or the watchdog */
	ddekit_lock_t lock;     /* of what follows: one request at a time */
	bool lost;              /* the watchdog has fired */
	unsigned int interrupts;
};

static struct board board;
static struct edu edu;

static uint32_t edu_read(uint32_t reg)
{
	return (uint32_t)ddekit_pci_read(board.pci, (ddekit_busaddr){ BOARD_BAR0 + reg }, 4);
}

static void edu_write(uint32_t reg, uint32_t value)
{
	ddekit_pci_write(board.pci, (ddekit_busaddr){ BOARD_BAR0 + reg }, 4, value);
}

/* ---- interrupts ----------------------------------------------------------- */

/* In the interrupt's thread. The line may be asserted by a device that shares it. */
static void edu_interrupt(void *priv)
{
	struct edu *e = priv;
	uint32_t cause = edu_read(EDU_CAUSE);

	if (!cause)
		return;
	edu_write(EDU_ACKNOWLEDGE, cause);
	__atomic_fetch_add(&e->interrupts, 1, __ATOMIC_RELAXED);
	ddekit_sem_up(e->finished);
}

/* In the timers' thread. */
static void edu_watchdog(void *arg)
{
	struct edu *e = arg;

	__atomic_store_n(&e->lost, true, __ATOMIC_RELEASE);
	ddekit_sem_up(e->finished);
}

/* Lock held. Waits for the interrupt of the request just made. Return: 0, -ETIMEDOUT, -errno. */
static int edu_wait(struct edu *e)
{
	int timer = ddekit_add_timer(edu_watchdog, e, WATCHDOG_NS);

	if (timer < 0)
		return timer;
	ddekit_pci_flush(board.pci);
	ddekit_sem_down(e->finished);
	ddekit_del_timer(timer);
	return __atomic_load_n(&e->lost, __ATOMIC_ACQUIRE) ? -ETIMEDOUT : 0;
}

/* ---- requests ------------------------------------------------------------- */

static int edu_factorial(struct edu *e, uint32_t n, uint32_t *ret)
{
	int err;

	ddekit_lock_lock(&e->lock);
	edu_write(EDU_STATUS, EDU_STATUS_INTERRUPT);
	edu_write(EDU_FACTORIAL, n);
	err = edu_wait(e);
	if (!err && edu_read(EDU_STATUS) & EDU_STATUS_COMPUTING)
		err = -EIO;
	if (!err)
		*ret = edu_read(EDU_FACTORIAL);
	ddekit_lock_unlock(&e->lock);
	return err;
}

static int edu_copy(struct edu *e, uint32_t from, uint32_t to, uint32_t direction)
{
	int err;

	ddekit_lock_lock(&e->lock);
	edu_write(EDU_DMA_SOURCE, from);
	edu_write(EDU_DMA_TARGET, to);
	edu_write(EDU_DMA_COUNT, EDU_COPY_SIZE);
	edu_write(EDU_DMA_COMMAND, EDU_DMA_START | EDU_DMA_INTERRUPT | direction);
	err = edu_wait(e);
	ddekit_lock_unlock(&e->lock);
	return err;
}

/* ---- the driver's life ---------------------------------------------------- */

static int edu_probe(void)
{
	volatile void *registers; /* NULL with emu: accesses are made by call */
	int err = board_check_id(&board, EDU_PCI_ID);

	if (!err)
		err = ddekit_request_mem(board.pci, (ddekit_busaddr){ BOARD_BAR0 }, EDU_SIZE,
					 &registers);
	if (err)
		return err;
	edu_write(EDU_LIVENESS, 0x12345678);
	if (edu_read(EDU_LIVENESS) != ~0x12345678u)
		return -EIO;
	ddekit_lock_init(&edu.lock);
	edu.finished = ddekit_sem_init(0);
	if (!edu.finished)
		return -errno;
	err = ddekit_dma_heap_create(ddekit_pci_pool(board.pci), 0, BOARD_POOL, &edu.heap);
	if (!err)
		err = board_line(&board, &edu.irq);
	if (err)
		return err;
	if (!ddekit_interrupt_attach(edu.irq, true, NULL, edu_interrupt, &edu))
		return -errno;
	ddekit_printf("edu: revision %u.%u, registers at 0x%x\n", edu_read(EDU_ID) >> 24,
		      edu_read(EDU_ID) >> 16 & 0xff, BOARD_BAR0);
	return 0;
}

DDEKIT_INITCALL(edu_probe);

/* Also of a probe that failed. */
static void edu_remove(void)
{
	if (edu.irq)
		ddekit_interrupt_detach(edu.irq, &edu);
	ddekit_dma_heap_destroy(edu.heap);
	ddekit_sem_deinit(edu.finished);
	ddekit_release_mem(board.pci, (ddekit_busaddr){ BOARD_BAR0 }, EDU_SIZE);
}

/* ---- its users ------------------------------------------------------------ */

struct worker {
	ddekit_thread_t *thread;
	uint32_t first, result[PER_THREAD];
	int error;
};

static void worker_run(void *arg)
{
	struct worker *w = arg;
	uint32_t i;

	for (i = 0; i < PER_THREAD && !w->error; i++)
		w->error = edu_factorial(&edu, w->first + i, &w->result[i]);
}

/* Prints and checks the results of a worker that has ended. */
static int worker_check(const struct worker *w)
{
	uint32_t n, i, want = 1;

	if (w->error)
		return w->error;
	for (n = 1; n < w->first; n++)
		want *= n;
	for (i = 0; i < PER_THREAD; i++) {
		want *= w->first + i;
		ddekit_printf("edu: %u! = %u\n", w->first + i, w->result[i]);
		if (w->result[i] != want)
			return -EIO;
	}
	return 0;
}

static int compute_factorials(void)
{
	struct worker worker[THREADS] = { 0 };
	int i, err = 0;

	for (i = 0; i < THREADS; i++) {
		worker[i].first = 1 + (uint32_t)i * PER_THREAD;
		worker[i].thread = ddekit_thread_create(worker_run, &worker[i], "edu-worker");
		if (!worker[i].thread)
			err = -errno;
	}
	for (i = 0; i < THREADS; i++) {
		if (worker[i].thread)
			ddekit_thread_join(worker[i].thread);
		if (!err)
			err = worker_check(&worker[i]);
	}
	return err;
}

/* Memory to the device and back to another place. */
static int copy_by_dma(void)
{
	ddekit_iova from, to;
	uint8_t *out = ddekit_dma_alloc_coherent(edu.heap, EDU_COPY_SIZE, &from);
	uint8_t *in = ddekit_dma_alloc_coherent(edu.heap, EDU_COPY_SIZE, &to);
	uint32_t i;
	int err;

	if (!out || !in)
		return -ENOMEM;
	for (i = 0; i < EDU_COPY_SIZE; i++)
		out[i] = (uint8_t)(i * 7 + (i >> 8));
	err = edu_copy(&edu, (uint32_t)from.v, EDU_BUFFER, 0);
	if (!err)
		err = edu_copy(&edu, EDU_BUFFER, (uint32_t)to.v, EDU_DMA_TO_MEMORY);
	if (!err && memcmp(in, out, EDU_COPY_SIZE))
		err = -EBADMSG;
	if (!err)
		ddekit_printf("edu: dma: %u bytes to the device and back\n", EDU_COPY_SIZE);
	ddekit_dma_free_coherent(edu.heap, in);
	ddekit_dma_free_coherent(edu.heap, out);
	return err;
}

/* ---- the program ---------------------------------------------------------- */

static void print_to_stdout(void *arg, const char *text, size_t len)
{
	(void)arg;
	fwrite(text, 1, len, stdout);
	fflush(stdout);
}

static int drive_device(void)
{
	const char *failed = "edu";
	int err = ddekit_initcalls_run(&failed);

	if (!err) {
		failed = "factorials";
		err = compute_factorials();
	}
	if (!err) {
		failed = "dma";
		err = copy_by_dma();
	}
	edu_remove();
	if (err)
		ddekit_printf("edu: %s: %s\n", failed, strerror(-err));
	else
		ddekit_printf("edu: %u interrupts\n", edu.interrupts);
	return err;
}

/* The argument, if there is one, is QEMU's -device; without dma_mask= the model reaches the
 * lowest 256 MiB only, and the pool is above them. */
int main(int argc, char **argv)
{
	int err = board_open(&board, argc > 1 ? argv[1] : "edu,dma_mask=0xffffffff");

	if (err)
		return 1;
	ddekit_print_set_sink(print_to_stdout, NULL);
	err = drive_device();
	board_close(&board);
	return err ? 1 : 0;
}
