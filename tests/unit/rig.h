/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test rig for the emu backend: a claim, its adopted device, and the PCI set-up that a kernel
 * does.  Errors fail the Check test.
 */
#ifndef RIG_H
#define RIG_H

#include <ddekit/irq.h>
#include <ddekit/pci.h>
#include "../lib/suite.h"

#define RIG_BAR0 0xe0000000u    /* where rig_enable() puts the memory BAR */
#define RIG_PORTS 0xc000u       /* and the I/O BAR */
#define RIG_PORT_DEVFN (1 << 3) /* the root port, on bus 0 */
#define RIG_POOL (16u << 20)

struct rig {
	struct ddekit_claim *claim;
	struct ddekit_pci *pci;
	struct ddekit_handover h; /* as sent: copies of the fds */
};

/* Exits with 77 and a reason if QEMU is not installed.  For main(). */
void rig_need_qemu(void);

/* Claims a device; device and netdev as in struct ddekit_claim_spec. */
void rig_claim(struct rig *r, const char *device, const char *netdev);
/* Fills r->h with copies of the claim's fds. */
void rig_handover(struct rig *r);
/* rig_handover(), then adopts the device. */
void rig_adopt(struct rig *r);
/*
 * Sets the root port's windows, BAR 0 (memory) and BAR io_bar (-1: none), enables decoding and
 * bus mastering.
 */
void rig_enable(struct rig *r, int io_bar);
/* rig_claim(), rig_adopt(), rig_enable(-1) */
void rig_open(struct rig *r, const char *device, const char *netdev);
/* Closes the adopted device, not the claim. */
void rig_leave(struct rig *r);
void rig_close(struct rig *r);

uint32_t rig_config_read(struct rig *r, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size);
void rig_config_write(struct rig *r, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
		      uint32_t value);
/* Offset of a capability of 01:00.0, 0 if absent. */
uint32_t rig_capability(struct rig *r, uint8_t id);
uint32_t rig_read(struct rig *r, uint32_t offset); /* 32 bits of BAR 0 */
void rig_write(struct rig *r, uint32_t offset, uint32_t value);

/* Waits until fd is readable.  Return: true; false after timeout_ms. */
bool rig_readable(int fd, int timeout_ms);
/* Services the device until fn(arg) is true.  Return: true; false after timeout_ms. */
bool rig_service_until(struct rig *r, bool (*fn)(void *arg), void *arg, int timeout_ms);
uint64_t rig_now_us(void);
unsigned int rig_count_fds(void);

#endif
