/* SPDX-License-Identifier: GPL-2.0-only */
/* The architecture's part of the PCI core. */
#ifndef _ASM_DDE_PCI_H
#define _ASM_DDE_PCI_H

#include <linux/types.h>

#define PCIBIOS_MIN_IO			0x1000
#define PCIBIOS_MIN_MEM			0
/*
 * The runtime numbers its buses itself: the bus numbers that the host has programmed
 * into the first bridge may leave none for the bridges behind it.
 */
#define pcibios_assign_all_busses()	1

/* The domain is set by the host bridge; 0 is not special. */
static inline int pci_proc_domain(struct pci_bus *bus)
{
	return 1;
}

#endif
