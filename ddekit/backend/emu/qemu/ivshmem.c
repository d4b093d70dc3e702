/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The server side of QEMU's ivshmem-doorbell device.  A write to its doorbell
 * register, (peer << 16 | vector), kicks an eventfd of that peer; device
 * messages (MSI, MSI-X) are aimed at that register.  We are peer 0, since plain
 * MSI data has only 16 bits; the device itself is peer 1.
 *
 * The protocol: 64-bit little endian numbers, some with a file descriptor.
 * Never report that a peer is gone: QEMU 7.2 corrupts its heap if the id is used again.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "qemu.h"

#define PROTOCOL_VERSION 0
#define DEVICE_ID 1
#define PEER_ID 0

static int send_number(int sock, int64_t number, int fd)
{
	uint64_t wire = htole64((uint64_t)number);
	struct iovec iov = { &wire, sizeof(wire) };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t n;

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(wire) ? 0 : -EIO;
}

/* The memory that peers of such a device share; unused here. */
static int send_shared_memory(int sock)
{
	int fd = memfd_create("ddekit-doorbell", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = ftruncate(fd, 4096) ? -errno : send_number(sock, -1, fd);
	close(fd);
	return err;
}

int emu_ivshmem_greet(int server, const int *eventfds, unsigned int n)
{
	unsigned int i;
	int err;

	err = send_number(server, PROTOCOL_VERSION, -1);
	if (!err)
		err = send_number(server, DEVICE_ID, -1);
	if (!err)
		err = send_shared_memory(server);
	for (i = 0; !err && i < n; i++)
		err = send_number(server, PEER_ID, eventfds[i]);
	return err;
}
