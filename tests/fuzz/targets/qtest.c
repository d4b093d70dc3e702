/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz target: QEMU's side of the qtest stream.  The first byte is the number of accesses, then
 * one byte selects each access; the rest is what QEMU sends.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ddekit/backend/emu/qemu/qtest.h"
#include "ddekit/deadline.h"
#include "fuzz.h"

#define MAX_OPS 16

static int access_once(struct qtest *q, uint8_t op)
{
	static char block[4096];
	uint64_t value;

	switch (op % 8) {
	case 0:
		return qtest_read(q, SPACE_MEM, 0xe0000000, 4, &value);
	case 1:
		qtest_write(q, SPACE_MEM, 0xe0000000, 8, 1);
		return 0;
	case 2:
		return qtest_read_write(q, 0xb0000000, &value, 0xb0000004, 4, 2);
	case 3:
		qtest_flush(q);
		return 0;
	case 4:
		return qtest_drain(q);
	case 5:
		return qtest_poll(q);
	case 6:
		return qtest_read_block(q, 0x10000000, block, 1 + (op >> 3) * 100);
	default:
		return op & 8 ? qtest_intercept(q, "/machine/x") : qtest_resync(q);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qtest q;
	size_t n_ops, i;
	bool dead;
	int sv[2];

	if (!size || size > 60000)
		return -1;
	n_ops = data[0] % MAX_OPS;
	if (size < 1 + n_ops)
		return -1;
	MUST(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv));
	MUST(send(sv[1], data + 1 + n_ops, size - 1 - n_ops, MSG_DONTWAIT) ==
		     (ssize_t)(size - 1 - n_ops) ||
	     size == 1 + n_ops);
	shutdown(sv[1], SHUT_WR);
	qtest_init(&q, sv[0]);
	q.deadline = deadline_ns(5);
	for (i = 0; i < n_ops; i++) {
		dead = q.dead;
		if (access_once(&q, data[1 + i]))
			MUST(q.dead);
		MUST(!dead || q.dead);
		MUST(q.in_pos <= q.in_len && q.in_len <= sizeof(q.in));
		MUST(q.out_len <= sizeof(q.out));
	}
	close(sv[0]);
	close(sv[1]);
	return 0;
}
