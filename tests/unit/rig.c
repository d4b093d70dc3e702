/* SPDX-License-Identifier: GPL-2.0-only */
/* The test rig (see rig.h). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "rig.h"

#define BRIDGE_IO_BASE 0x1c
#define BRIDGE_MEMORY_BASE 0x20
#define BRIDGE_PREFETCH_BASE 0x24
#define COMMAND 0x04
#define CAPABILITY_POINTER 0x34

void rig_need_qemu(void)
{
	if (system("command -v qemu-system-x86_64 >/dev/null 2>&1") == 0)
		return;
	printf("skipped: no qemu-system-x86_64 (package qemu-system-x86)\n");
	exit(77);
}

void rig_claim(struct rig *r, const char *device, const char *netdev)
{
	struct ddekit_claim_spec spec = { .bdf = { 0, 3, 0, 0 },
					  .backend = "emu",
					  .pool_size = RIG_POOL,
					  .emu_device = device,
					  .emu_netdev = netdev };
	char *why = NULL;
	int err;

	memset(r, 0, sizeof(*r));
	err = ddekit_claim_open(&spec, &r->claim, &why);
	ck_assert_msg(err == 0, "claim: %d %s", err, why ? why : "");
	free(why);
}

void rig_handover(struct rig *r)
{
	uint32_t i;

	ck_assert_int_eq(ddekit_claim_handover(r->claim, &r->h), 0);
	for (i = 0; i < r->h.n_fds; i++) {
		r->h.fds[i] = fcntl(r->h.fds[i], F_DUPFD_CLOEXEC, 3);
		ck_assert_int_ge(r->h.fds[i], 3);
	}
}

void rig_adopt(struct rig *r)
{
	rig_handover(r);
	ck_assert_int_eq(ddekit_pci_adopt(&r->h, &r->pci), 0);
}

uint32_t rig_config_read(struct rig *r, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size)
{
	uint32_t v = 0;

	ck_assert_int_eq(ddekit_pci_config_read(r->pci, bus, devfn, reg, size, &v), 0);
	return v;
}

void rig_config_write(struct rig *r, uint8_t bus, uint8_t devfn, uint32_t reg, uint32_t size,
		      uint32_t value)
{
	ck_assert_int_eq(ddekit_pci_config_write(r->pci, bus, devfn, reg, size, value), 0);
}

void rig_enable(struct rig *r, int io_bar)
{
	rig_config_write(r, 0, RIG_PORT_DEVFN, BRIDGE_IO_BASE, 2, 0xc0c0);
	rig_config_write(r, 0, RIG_PORT_DEVFN, BRIDGE_MEMORY_BASE, 4,
			 0x0ff00000 | RIG_BAR0 >> 16 | 0xe0000000);
	rig_config_write(r, 0, RIG_PORT_DEVFN, BRIDGE_PREFETCH_BASE, 4, 0x0000fff0);
	rig_config_write(r, 0, RIG_PORT_DEVFN, COMMAND, 2, 7);
	if (io_bar != 0)
		rig_config_write(r, 1, 0, 0x10, 4, RIG_BAR0);
	if (io_bar >= 0)
		rig_config_write(r, 1, 0, 0x10 + 4 * (uint32_t)io_bar, 4, RIG_PORTS);
	rig_config_write(r, 1, 0, COMMAND, 2, 7);
}

void rig_open(struct rig *r, const char *device, const char *netdev)
{
	rig_claim(r, device, netdev);
	rig_adopt(r);
	/* A kernel reads the ids first. */
	rig_config_read(r, 1, 0, 0, 4);
	rig_enable(r, -1);
}

void rig_leave(struct rig *r)
{
	ddekit_pci_close(r->pci);
	r->pci = NULL;
}

void rig_close(struct rig *r)
{
	rig_leave(r);
	ddekit_claim_close(r->claim);
	r->claim = NULL;
}

uint32_t rig_capability(struct rig *r, uint8_t id)
{
	uint32_t at = rig_config_read(r, 1, 0, CAPABILITY_POINTER, 1);

	while (at) {
		uint32_t head = rig_config_read(r, 1, 0, at, 2);

		if ((head & 0xff) == id)
			return at;
		at = head >> 8;
	}
	return 0;
}

uint32_t rig_read(struct rig *r, uint32_t offset)
{
	return (uint32_t)ddekit_pci_read(r->pci, (ddekit_busaddr){ RIG_BAR0 + offset }, 4);
}

void rig_write(struct rig *r, uint32_t offset, uint32_t value)
{
	ddekit_pci_write(r->pci, (ddekit_busaddr){ RIG_BAR0 + offset }, 4, value);
}

bool rig_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

uint64_t rig_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

bool rig_service_until(struct rig *r, bool (*fn)(void *arg), void *arg, int timeout_ms)
{
	uint64_t end = rig_now_us() + (uint64_t)timeout_ms * 1000u;

	ddekit_pci_flush(r->pci);
	while (!fn(arg)) {
		uint64_t now = rig_now_us();

		if (now >= end)
			return false;
		rig_readable(ddekit_pci_service_fd(r->pci), (int)((end - now) / 1000) + 1);
		ck_assert_int_eq(ddekit_pci_service(r->pci), 0);
	}
	return true;
}

unsigned int rig_count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}
