/* SPDX-License-Identifier: GPL-2.0-only */
/* Handovers: the parts that all backends share. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../backend.h"

void handover_close(const struct ddekit_handover *h)
{
	uint32_t i;

	for (i = 0; i < h->n_fds && i < DDEKIT_HANDOVER_FDS; i++)
		if (h->fds[i] >= 0)
			close(h->fds[i]);
}

int pool_map(struct ddekit_pool *pool, const struct ddekit_handover *h, int fd)
{
	void *want = (void *)(uintptr_t)h->pool_base;
	void *cpu = mmap(want, h->pool_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED_NOREPLACE, fd, (off_t)h->pool_offset);

	if (cpu == MAP_FAILED)
		return -errno;
	if (cpu != want) { /* a kernel without MAP_FIXED_NOREPLACE */
		munmap(cpu, h->pool_size);
		return -EEXIST;
	}
	*pool = (struct ddekit_pool){ .cpu = cpu,
				      .base = { h->pool_base },
				      .size = h->pool_size,
				      .fd = fd,
				      .offset = h->pool_offset };
	return 0;
}

void pool_unmap(struct ddekit_pool *pool)
{
	if (pool->cpu)
		munmap(pool->cpu, pool->size);
	pool->cpu = NULL;
}
