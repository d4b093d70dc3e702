/* SPDX-License-Identifier: GPL-2.0-only */
/* How long requests have been with the back: the slots in order of submission; see ring.h. */
#include "ring-private.h"
#include "lib/util.h"

#define MS_NS 1000000ull
/* A request survives one replacement of its back: a fresh driver may carry it out. */
#define TIMEOUTS 2

/* ddekitd compares the oldest with disk-timeout=. */
static void age_publish(struct block_ring *ring)
{
	const struct age *a = &ring->age;
	uint64_t since = a->n ? ring->part[a->oldest].since : 0;

	__atomic_store_n(&ring->control->oldest, since, __ATOMIC_RELEASE);
}

void ring_age_add(struct block_ring *ring, uint32_t n)
{
	struct age *a = &ring->age;
	struct part *part = &ring->part[n];

	part->since = mono_ns();
	part->older = a->newest;
	if (a->n++) {
		ring->part[a->newest].newer = (uint16_t)n;
		a->newest = (uint16_t)n;
		return;
	}
	a->oldest = a->newest = (uint16_t)n;
	age_publish(ring);
}

void ring_age_remove(struct block_ring *ring, uint32_t n)
{
	struct age *a = &ring->age;
	const struct part *part = &ring->part[n];

	a->n--;
	if (n != a->newest)
		ring->part[part->newer].older = part->older;
	else
		a->newest = part->older;
	if (n != a->oldest) {
		ring->part[part->older].newer = part->newer;
		return;
	}
	a->oldest = part->newer;
	age_publish(ring);
}

bool ring_age_over(const struct block_ring *ring, uint32_t n)
{
	uint32_t ms = __atomic_load_n(&ring->control->timeout_ms, __ATOMIC_ACQUIRE);

	return ms && mono_ns() - ring->part[n].since >= TIMEOUTS * ms * MS_NS;
}

bool ring_age_any_over(const struct block_ring *ring)
{
	return ring->age.n && ring_age_over(ring, ring->age.oldest);
}
