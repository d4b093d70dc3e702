/* SPDX-License-Identifier: GPL-2.0-only */
/* The front half of a ring, for tests: see blockring.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include "blockring.h"
#include "common.h"

#define ANSWER_MS 30000

void ring_make(struct rig *rig)
{
	struct dde_block_ring *ring;

	rig->memory = memfd_create("ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (rig->memory < 0 || ftruncate(rig->memory, DDE_BLOCK_TOTAL) ||
	    fcntl(rig->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		die_errno(errno, "memory for the ring");
	rig->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rig->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (rig->kick < 0 || rig->done < 0)
		die_errno(errno, "eventfd");
	ring = mmap(NULL, DDE_BLOCK_TOTAL, PROT_READ | PROT_WRITE, MAP_SHARED, rig->memory, 0);
	if (ring == MAP_FAILED)
		die_errno(errno, "map the ring");
	ring->magic = DDE_BLOCK_RING_MAGIC;
	ring->version = DDE_BLOCK_RING_VERSION;
	ring->slots = DDE_BLOCK_SLOTS;
	ring->slot_bytes = DDE_BLOCK_SLOT_BYTES;
	rig->ring = ring;
}

void *ring_data(struct rig *rig, unsigned int slot)
{
	return (char *)rig->ring + DDE_BLOCK_DATA + (size_t)slot * DDE_BLOCK_SLOT_BYTES;
}

void ring_submit(struct rig *rig, unsigned int n, struct dde_block_slot request)
{
	struct dde_block_slot *s = &rig->ring->slot[n];

	s->op = request.op;
	s->flags = request.flags;
	s->disk = request.disk;
	s->offset = request.offset;
	s->bytes = request.bytes;
	s->cookie = request.cookie;
	__atomic_store_n(&s->state, DDE_BLOCK_SUBMITTED, __ATOMIC_RELEASE);
	__atomic_fetch_or(&rig->ring->submitted[n / 64], 1ull << n % 64, __ATOMIC_SEQ_CST);
}

void ring_kick(struct rig *rig)
{
	uint64_t one = 1;

	if (write(rig->kick, &one, sizeof(one)) != sizeof(one))
		die_errno(errno, "kick");
}

bool ring_wait(struct rig *rig, int ms)
{
	struct pollfd p = { rig->done, POLLIN, 0 };
	uint64_t count;

	if (poll(&p, 1, ms) < 1)
		return false;
	return read(rig->done, &count, sizeof(count)) == sizeof(count);
}

static int complete_slot(struct rig *rig, unsigned int n, int *ret_result)
{
	struct dde_block_slot *s = &rig->ring->slot[n];

	if (__atomic_load_n(&s->state, __ATOMIC_ACQUIRE) != DDE_BLOCK_DONE)
		return -1;
	*ret_result = s->result;
	__atomic_store_n(&s->state, DDE_BLOCK_FREE, __ATOMIC_RELEASE);
	return (int)n;
}

int ring_complete(struct rig *rig, int *ret_result)
{
	unsigned int w, bit;
	uint64_t bits;
	int n;

	for (w = 0; w < DDE_BLOCK_WORDS; w++) {
		while ((bits = __atomic_load_n(&rig->ring->done[w], __ATOMIC_SEQ_CST))) {
			bit = (unsigned int)__builtin_ctzll(bits);
			__atomic_fetch_and(&rig->ring->done[w], ~(1ull << bit), __ATOMIC_SEQ_CST);
			n = complete_slot(rig, w * 64 + bit, ret_result);
			if (n >= 0)
				return n;
		}
	}
	return -1;
}

int ring_do(struct rig *rig, struct dde_block_slot request)
{
	uint64_t deadline = mono_ns() + ANSWER_MS * 1000000ull;
	int result;

	ring_submit(rig, 0, request);
	ring_kick(rig);
	while (ring_complete(rig, &result) < 0) {
		if (mono_ns() > deadline)
			die("no reply within %d ms", ANSWER_MS);
		ring_wait(rig, 1000);
	}
	return result;
}
