/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of an adopted device: vectors (eventfds that QEMU's doorbell
 * device kicks) and INTx lines (levels that come in the qtest stream).
 *
 * One lock serialises that stream; whoever releases it delivers the lines that have
 * arrived.
 */
#include <errno.h>
#include <stddef.h>
#include <unistd.h>
#include "emu.h"

/* ivshmem's doorbell register; peer 0, so the data is the vector's number. */
#define DOORBELL_REGISTER 0x0c

/* The sandbox refuses the preadv2() of fd_drain_event(); the claim resets the flags. */
static void eventfd_drain(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return; /* it was empty */
}

void emu_lines_init(struct emu_pci *e, const int *eventfds)
{
	unsigned int i;

	for (i = 0; i < e->n_vectors; i++)
		e->vector[i] = (struct ddekit_irq){ .pci = &e->base,
						    .kind = DDEKIT_IRQ_MSIX,
						    .number = i,
						    .fd = eventfds[i],
						    .address = EMU_DOORBELL + DOORBELL_REGISTER,
						    .data = i };
	for (i = 0; i < EMU_LINES; i++)
		e->line[i] = (struct ddekit_irq){
			.pci = &e->base, .kind = DDEKIT_IRQ_INTX, .number = i, .fd = -1
		};
}

/* ---- the lock -------------------------------------------------------------- */

/* Lock held. The lines to be delivered, which it masks; bit per line. */
static uint32_t lines_due(struct emu_pci *e)
{
	uint32_t due = e->qt.lines >> EMU_LINE_INPUT & e->unmasked;

	e->unmasked &= ~due;
	return due;
}

static void lines_deliver(struct emu_pci *e, uint32_t due)
{
	for (; due; due &= due - 1) {
		struct ddekit_irq *irq = &e->line[__builtin_ctz(due)];

		if (irq->fn)
			irq->fn(irq->arg);
	}
}

void emu_lock(struct emu_pci *e)
{
	pthread_mutex_lock(&e->lock);
}

void emu_unlock(struct emu_pci *e)
{
	uint32_t due = lines_due(e);

	pthread_mutex_unlock(&e->lock);
	lines_deliver(e, due);
}

/* ---- vectors -------------------------------------------------------------- */

/* The lowest free run of count, aligned; -1 if there is none. */
static int vectors_find_run(const struct emu_pci *e, unsigned int count, uint64_t *ret_mask)
{
	uint64_t run = count == 64 ? ~0ull : (1ull << count) - 1;
	unsigned int align = 1, at;

	while (align < count)
		align *= 2;
	for (at = 0; at + count <= e->n_vectors; at += align) {
		if (e->vectors_used & run << at)
			continue;
		*ret_mask = run << at;
		return (int)at;
	}
	return -1;
}

int emu_irq_vectors(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, enum ddekit_irq_kind kind,
		    unsigned int index, unsigned int count, struct ddekit_irq **ret)
{
	struct emu_pci *e = to_emu(pci);
	unsigned int i;
	uint64_t mask;
	int at;

	if (count > e->n_vectors)
		return -ENOSPC;
	emu_lock(e);
	at = vectors_find_run(e, count, &mask);
	if (at >= 0)
		e->vectors_used |= mask;
	emu_unlock(e);
	if (at < 0)
		return -ENOSPC;
	for (i = 0; i < count; i++) {
		struct ddekit_irq *irq = &e->vector[(unsigned int)at + i];

		irq->kind = kind;
		eventfd_drain(irq->fd);
		ret[i] = irq;
	}
	return 0;
}

void emu_irq_free(struct ddekit_irq *irq)
{
	struct emu_pci *e = to_emu(irq->pci);

	emu_lock(e);
	e->vectors_used &= ~(1ull << irq->number);
	emu_unlock(e);
}

/* ---- lines ---------------------------------------------------------------- */

/* q35 wires pin p (A = 0) of slot s <= 24 to input 20 + (s + p) % 4. */
int emu_irq_line(struct ddekit_pci *pci, uint8_t devfn, unsigned int pin, struct ddekit_irq **ret)
{
	unsigned int slot = devfn >> 3;

	if (slot > 24)
		return -EOPNOTSUPP;
	*ret = &to_emu(pci)->line[20 + (slot + pin - 1) % 4 - EMU_LINE_INPUT];
	return 0;
}

/*
 * The known level may be older than a posted write that has cleared the interrupt: wait for
 * outstanding writes before delivering the line again.
 */
void emu_irq_mask(struct ddekit_irq *irq, bool masked)
{
	struct emu_pci *e = to_emu(irq->pci);
	uint32_t bit = 1u << irq->number;

	emu_lock(e);
	if (masked) {
		e->unmasked &= ~bit;
	} else {
		if (e->qt.lines >> EMU_LINE_INPUT & bit && e->qt.pending)
			qtest_drain(&e->qt);
		e->unmasked |= bit;
	}
	emu_unlock(e);
}
