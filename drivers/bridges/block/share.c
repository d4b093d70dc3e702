/* SPDX-License-Identifier: GPL-2.0-only */
/* What front, back and ddekitd share; see share.h. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "share.h"
#include "lib/util.h"

static int make_memory(const char *name, uint64_t bytes, int *ret)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)bytes) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

static int write_ring_header(int fd)
{
	struct dde_block_ring head = {
		.magic = DDE_BLOCK_RING_MAGIC,
		.version = DDE_BLOCK_RING_VERSION,
		.slots = DDE_BLOCK_SLOTS,
		.slot_bytes = DDE_BLOCK_SLOT_BYTES,
	};
	ssize_t n = pwrite(fd, &head, offsetof(struct dde_block_ring, submitted), 0);

	return n < 0 ? -errno : n == offsetof(struct dde_block_ring, submitted) ? 0 : -EIO;
}

static int make_events(struct block_share *share)
{
	share->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (share->kick < 0)
		return -errno;
	share->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return share->done < 0 ? -errno : 0;
}

static int map_control(struct block_share *share)
{
	void *p;
	int r = block_map_sealed(share->control, sizeof(*share->c), &p);

	if (!r)
		share->c = p;
	return r;
}

int block_share_create(uint32_t timeout_ms, struct block_share *ret)
{
	struct block_share share = BLOCK_SHARE_NONE;
	int r = make_memory("ddekit-ring", DDE_BLOCK_TOTAL, &share.ring);

	if (!r)
		r = write_ring_header(share.ring);
	if (!r)
		r = make_memory("ddekit-block", sizeof(struct block_control), &share.control);
	if (!r)
		r = map_control(&share);
	if (!r)
		r = make_events(&share);
	if (r < 0) {
		block_share_close(&share);
		return r;
	}
	share.c->magic = BLOCK_CONTROL_MAGIC;
	share.c->version = BLOCK_CONTROL_VERSION;
	share.c->timeout_ms = timeout_ms;
	share.c->absent_since = mono_ns();
	*ret = share;
	return 0;
}

int block_share_adopt(struct block_share *share)
{
	int r = share->ring < 0 || share->kick < 0 || share->done < 0 ? -EBADF : map_control(share);

	if (!r && (share->c->magic != BLOCK_CONTROL_MAGIC ||
		   share->c->version != BLOCK_CONTROL_VERSION)) {
		munmap(share->c, sizeof(*share->c));
		share->c = NULL;
		r = -EINVAL;
	}
	return r;
}

void block_share_close(struct block_share *share)
{
	if (share->c)
		munmap(share->c, sizeof(*share->c));
	share->c = NULL;
	fd_close(&share->ring);
	fd_close(&share->control);
	fd_close(&share->kick);
	fd_close(&share->done);
}

void block_share_notify(struct block_share *share)
{
	__atomic_add_fetch(&share->c->events, 1, __ATOMIC_RELEASE);
	/* Full: then the front has not read what woke it before. */
	if (share->wake >= 0 && send(share->wake, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

bool block_share_front_looked(const struct block_share *share)
{
	return __atomic_load_n(&share->c->seen, __ATOMIC_ACQUIRE) ==
	       __atomic_load_n(&share->c->events, __ATOMIC_ACQUIRE);
}

int block_share_woken(int life)
{
	char bytes[256];
	ssize_t n = recv(life, bytes, sizeof(bytes), MSG_DONTWAIT);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)) ? 0 : -EPIPE;
}

/*
 * A back, or a front, can make the eventfds block, and whoever writes to a full one waits.
 * What was in them is found by looking at all, which a new back or front does.
 */
static void reset_events(struct block_share *share)
{
	fd_reset_event(share->kick);
	fd_reset_event(share->done);
	block_share_notify(share);
}

void block_share_front_died(struct block_share *share)
{
	/* Whatever it left there: nobody else writes now. */
	if (__atomic_load_n(&share->c->back, __ATOMIC_SEQ_CST) != BLOCK_BACK_RUNS)
		__atomic_store_n(&share->c->back, BLOCK_BACK_NONE, __ATOMIC_SEQ_CST);
	reset_events(share);
}

int block_share_back_try_start(struct block_share *share)
{
	uint32_t is = BLOCK_BACK_NONE;

	if (!__atomic_compare_exchange_n(&share->c->back, &is, BLOCK_BACK_RUNS, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
	    is != BLOCK_BACK_RUNS) /* of the ddekitd before this one */
		return -EAGAIN;
	reset_events(share);
	return 0;
}

void block_share_back_serves(struct block_share *share)
{
	__atomic_store_n(&share->c->absent_since, 0, __ATOMIC_RELEASE);
	block_share_notify(share);
}

void block_share_back_absent(struct block_share *share)
{
	if (!__atomic_load_n(&share->c->absent_since, __ATOMIC_ACQUIRE))
		__atomic_store_n(&share->c->absent_since, mono_ns(), __ATOMIC_RELEASE);
	block_share_notify(share);
}

void block_share_back_died(struct block_share *share)
{
	uint32_t is = BLOCK_BACK_RUNS;

	__atomic_compare_exchange_n(&share->c->back, &is, BLOCK_BACK_NONE, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	reset_events(share); /* a front that waits in one gets on */
	block_share_back_absent(share);
}

void block_share_give_up(struct block_share *share)
{
	if (!share->c)
		return;
	__atomic_store_n(&share->c->absent_since, 1, __ATOMIC_RELEASE);
	block_share_set_timeout(share, 1);
}

void block_share_set_timeout(struct block_share *share, uint32_t timeout_ms)
{
	__atomic_store_n(&share->c->timeout_ms, timeout_ms, __ATOMIC_RELEASE);
	block_share_notify(share);
}
