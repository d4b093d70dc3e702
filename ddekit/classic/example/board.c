/* SPDX-License-Identifier: GPL-2.0-only */
/* See board.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ddekit/print.h>
#include "board.h"

#define PORT_DEVFN (1 << 3) /* the root port, on bus 0; the device is 01:00.0 */
#define DEVICE_BUS 1

/* Configuration space (PCI 3.0, 6.1; PCI-to-PCI bridges 1.2, 3.2) */
#define COMMAND 0x04
#define COMMAND_MEMORY_MASTER 6
#define BAR_0 0x10
#define BRIDGE_MEMORY 0x20
#define BRIDGE_PREFETCH 0x24
#define BRIDGE_NO_PREFETCH 0x0000fff0 /* limit below base: none */

/* The fds of a handover are moved by adopt, those of the claim stay: copies. */
static int handover_copy_fds(struct ddekit_handover *h)
{
	uint32_t i;

	for (i = 0; i < h->n_fds; i++) {
		h->fds[i] = fcntl(h->fds[i], F_DUPFD_CLOEXEC, 3);
		if (h->fds[i] < 0)
			break;
	}
	if (i == h->n_fds)
		return 0;
	while (i--)
		close(h->fds[i]);
	return -EMFILE;
}

static int board_adopt(struct board *b)
{
	struct ddekit_handover h;
	int err = ddekit_claim_handover(b->claim, &h);

	if (!err)
		err = handover_copy_fds(&h);
	return err ? err : ddekit_pci_adopt(&h, &b->pci);
}

static void set_up_bridge(struct board *b)
{
	ddekit_pci_config_write(b->pci, 0, PORT_DEVFN, BRIDGE_MEMORY, 4,
				BOARD_BAR0 | BOARD_BAR0 >> 16 | 0x0ff00000);
	ddekit_pci_config_write(b->pci, 0, PORT_DEVFN, BRIDGE_PREFETCH, 4, BRIDGE_NO_PREFETCH);
	ddekit_pci_config_write(b->pci, 0, PORT_DEVFN, COMMAND, 2, COMMAND_MEMORY_MASTER);
}

static int set_up_device(struct board *b)
{
	int err = ddekit_pci_config_write(b->pci, DEVICE_BUS, 0, BAR_0, 4, BOARD_BAR0);

	if (!err)
		err = ddekit_pci_config_write(b->pci, DEVICE_BUS, 0, COMMAND, 2,
					      COMMAND_MEMORY_MASTER);
	return err;
}

int board_open(struct board *b, const char *device)
{
	struct ddekit_claim_spec spec = { .bdf = { .domain = 0xe000, .bus = 1 },
					  .backend = "emu",
					  .pool_size = BOARD_POOL,
					  .emu_device = device };
	char *why = NULL;
	uint32_t id;
	int err = ddekit_claim_open(&spec, &b->claim, &why);

	if (err) {
		ddekit_printf("cannot claim %s: %s\n", device, why ? why : strerror(-err));
		free(why);
		return err;
	}
	err = board_adopt(b);
	if (!err) /* as a kernel does, look first */
		err = ddekit_pci_config_read(b->pci, DEVICE_BUS, 0, 0, 4, &id);
	if (!err) {
		set_up_bridge(b);
		err = set_up_device(b);
	}
	if (err) {
		ddekit_printf("cannot set up %s: %s\n", device, strerror(-err));
		board_close(b);
	}
	return err;
}

int board_check_id(struct board *b, uint32_t id)
{
	uint32_t found;
	int err = ddekit_pci_config_read(b->pci, DEVICE_BUS, 0, 0, 4, &found);

	if (err || found == id)
		return err;
	ddekit_printf("the device is %04x:%04x, not %04x:%04x\n", found & 0xffff, found >> 16,
		      id & 0xffff, id >> 16);
	return -ENODEV;
}

int board_line(struct board *b, struct ddekit_irq **ret)
{
	return ddekit_irq_intx(b->pci, PORT_DEVFN, 1, ret);
}

void board_close(struct board *b)
{
	ddekit_pci_close(b->pci);
	ddekit_claim_close(b->claim);
	b->pci = NULL;
	b->claim = NULL;
}
