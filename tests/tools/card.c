/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-card: how fast QEMU's e1000e itself receives from its wire.  The tool returns
 * descriptors to the card once per millisecond, without reading frames and without interrupts:
 * the baseline for a real driver.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <ddekit/dma.h>
#include <ddekit/pci.h>
#include "common.h"

#define POOL (16u << 20)
#define BAR0 0xe0000000u    /* address of the root port's window and the card's registers */
#define PORT_DEVFN (1 << 3) /* the root port, on bus 0; the card is 01:00.0 */
#define RING 4096           /* descriptors: the maximum of the e1000e driver */
#define BUFFER 2048
#define PATIENCE_NS 10000000000u /* for the first frame */
#define PERIOD_NS 1000000        /* the ring is large enough for 4 frames per microsecond */

/* Configuration space */
#define COMMAND 0x04
#define BAR_0 0x10
#define BRIDGE_MEMORY 0x20
#define BRIDGE_PREFETCH 0x24

/* Intel 82574 datasheet, chapter 10 (registers) and 7.1.4 (legacy receive descriptor) */
#define STATUS 0x0008
#define STATUS_LU 2u
#define IMC 0x00d8
#define RCTL 0x0100
#define RCTL_ALL (1u << 1 | 1u << 3 | 1u << 4 | 1u << 15 | 1u << 26) /* EN UPE MPE BAM SECRC */
#define RDBAL 0x2800
#define RDBAH 0x2804
#define RDLEN 0x2808
#define RDH 0x2810
#define RDT 0x2818
#define RX_DD 1u

struct rx_descriptor {
	uint64_t address;
	uint16_t length, checksum;
	uint8_t status, errors;
	uint16_t special;
};

struct card {
	struct ddekit_claim *claim;
	struct ddekit_pci *pci;
	struct ddekit_dma_heap *heap;
	volatile struct rx_descriptor *ring;
	unsigned int next; /* the next descriptor that the card fills */
	uint64_t frames, bytes;
};

static uint32_t reg_read(struct card *c, uint32_t reg)
{
	return (uint32_t)ddekit_pci_read(c->pci, (ddekit_busaddr){ BAR0 + reg }, 4);
}

static void reg_write(struct card *c, uint32_t reg, uint32_t value)
{
	ddekit_pci_write(c->pci, (ddekit_busaddr){ BAR0 + reg }, 4, value);
}

static void config_write(struct card *c, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
			 uint32_t value)
{
	int err = ddekit_pci_config_write(c->pci, bus, devfn, reg, size, value);

	if (err)
		die_errno(err, "cannot configure the card");
}

static void open_card(struct card *c, const char *netdev)
{
	struct ddekit_claim_spec spec = { .bdf = { 0, 3, 0, 0 },
					  .backend = "emu",
					  .pool_size = POOL,
					  .emu_device = "e1000e",
					  .emu_netdev = netdev };
	struct ddekit_handover h;
	char *why = NULL;
	uint32_t i, id;
	int err = ddekit_claim_open(&spec, &c->claim, &why);

	if (err)
		die("cannot start QEMU: %s", why ? why : strerror(-err));
	err = ddekit_claim_handover(c->claim, &h);
	if (err)
		die_errno(err, "no handover");
	for (i = 0; i < h.n_fds; i++) {
		h.fds[i] = dup(h.fds[i]);
		if (h.fds[i] < 0)
			die_errno(errno, "dup");
	}
	err = ddekit_pci_adopt(&h, &c->pci);
	if (err)
		die_errno(err, "cannot adopt the card");
	/* A kernel looks for devices first. */
	err = ddekit_pci_config_read(c->pci, 1, 0, 0, 4, &id);
	if (err)
		die_errno(err, "cannot find the card");
	config_write(c, 0, PORT_DEVFN, BRIDGE_MEMORY, 4, BAR0 | BAR0 >> 16 | 0x0ff00000);
	config_write(c, 0, PORT_DEVFN, BRIDGE_PREFETCH, 4, 0x0000fff0);
	config_write(c, 0, PORT_DEVFN, COMMAND, 2, 6);
	config_write(c, 1, 0, BAR_0, 4, BAR0);
	config_write(c, 1, 0, COMMAND, 2, 6);
}

static void fill_ring(struct card *c)
{
	ddekit_iova ring, buffers;
	unsigned int i;
	int err = ddekit_dma_heap_create(ddekit_pci_pool(c->pci), 0, POOL, &c->heap);

	if (err)
		die_errno(err, "no DMA memory");
	c->ring = ddekit_dma_alloc_coherent(c->heap, RING * sizeof(*c->ring), &ring);
	if (!c->ring || !ddekit_dma_alloc_coherent(c->heap, RING * BUFFER, &buffers))
		die_errno(errno, "no DMA memory");
	for (i = 0; i < RING; i++)
		c->ring[i].address = buffers.v + (uint64_t)i * BUFFER;
	reg_write(c, IMC, ~0u);
	reg_write(c, RDBAL, (uint32_t)ring.v);
	reg_write(c, RDBAH, (uint32_t)(ring.v >> 32));
	reg_write(c, RDLEN, RING * sizeof(*c->ring));
	reg_write(c, RDH, 0);
	reg_write(c, RDT, RING - 1);
	reg_write(c, RCTL, RCTL_ALL);
	if (!(reg_read(c, STATUS) & STATUS_LU))
		die("the card has no link");
}

/* Counts received frames and returns their descriptors to the card. */
static void empty_ring(struct card *c)
{
	unsigned int before = c->next;

	while (c->ring[c->next].status & RX_DD) {
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		c->frames++;
		c->bytes += c->ring[c->next].length;
		c->ring[c->next].status = 0;
		c->next = (c->next + 1) % RING;
	}
	if (c->next == before)
		return;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	reg_write(c, RDT, (c->next + RING - 1) % RING);
	ddekit_pci_flush(c->pci);
}

static void receive_frames(struct card *c, double seconds)
{
	struct timespec period = { .tv_nsec = PERIOD_NS };
	uint64_t start = mono_ns(), end;

	/* The first frame starts the clock. */
	while (!c->frames) {
		if (mono_ns() - start > PATIENCE_NS)
			die("no frame arrived within %llu s", PATIENCE_NS / 1000000000ull);
		nanosleep(&period, NULL);
		empty_ring(c);
	}
	c->frames = c->bytes = 0;
	start = mono_ns();
	end = start + (uint64_t)(seconds * 1e9);
	while (mono_ns() < end) {
		nanosleep(&period, NULL);
		empty_ring(c);
	}
	seconds = (double)(mono_ns() - start) / 1e9;
	printf("{\"frames\":%llu,\"bytes\":%llu,\"seconds\":%.3f,\"frames_per_s\":%.0f,"
	       "\"gbit_per_s\":%.3f}\n",
	       (unsigned long long)c->frames, (unsigned long long)c->bytes, seconds,
	       (double)c->frames / seconds, (double)c->bytes * 8 / seconds / 1e9);
}

static const char help[] =
	"Usage: ddekit-card recv NETDEV [--seconds S]\n"
	"\n"
	"Starts QEMU with an e1000e on NETDEV (QEMU's -netdev without id), receives frames for S\n"
	"seconds (default 5) from the first one on, which must arrive within 10 s, reads none of\n"
	"them, and prints a JSON object: frames, bytes without CRC, frames_per_s, gbit_per_s.\n"
	"QEMU runs as the caller.\n";

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "seconds", 1, NULL, 's' },
		{ "help", 0, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct card card = { 0 };
	double seconds = 5;
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (opt != 's' || parse_real(optarg, &seconds) || seconds <= 0)
			die_usage("--seconds needs a number above 0");
	}
	if (optind + 2 != argc || strcmp(argv[optind], "recv"))
		die_usage("expected recv and a network backend of QEMU");
	open_card(&card, argv[optind + 1]);
	fill_ring(&card);
	receive_frames(&card, seconds);
	ddekit_dma_heap_destroy(card.heap);
	ddekit_pci_close(card.pci);
	ddekit_claim_close(card.claim);
	return 0;
}
