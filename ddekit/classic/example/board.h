/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine of the example: a QEMU device behind a root port, claimed and adopted by one
 * process, with its bridge and registers set up as firmware does.  A product program has two
 * processes, of which only the first is privileged.
 */
#ifndef BOARD_H
#define BOARD_H

#include <ddekit/irq.h>
#include <ddekit/pci.h>

#define BOARD_BAR0 0xe0000000u /* bus address of the device's registers */
#define BOARD_POOL (16u << 20) /* bytes that the device can reach */

struct board {
	struct ddekit_claim *claim;
	struct ddekit_pci *pci;
};

/* device: QEMU's -device argument. Prints why it fails. Return: 0, -errno. */
int board_open(struct board *b, const char *device);
/* Is the device of this vendor and model? Prints what it is if not.
 * Return: 0, -ENODEV, -errno. */
int board_check_id(struct board *b, uint32_t id);
/* The line that the device's INTA is wired to. Return: 0, -errno. */
int board_line(struct board *b, struct ddekit_irq **ret);
/* One that was not opened is fine. */
void board_close(struct board *b);

#endif
