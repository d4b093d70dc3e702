/* SPDX-License-Identifier: GPL-2.0-only */
/* What ring.c, ring-check.c and ring-age.c share. */
#ifndef DDEKITD_BLOCK_RING_PRIVATE_H
#define DDEKITD_BLOCK_RING_PRIVATE_H

#include <pthread.h>

#include "ring.h"

enum phase {
	IDLE,    /* the slot is free */
	FILLING, /* being written, the back does not know of it */
	OUT,     /* the back's */
	ENDING,  /* its answer is being taken */
};

/* What a slot holds, where the back cannot change it. */
struct part {
	enum phase phase;
	struct block_request *req; /* NULL in OUT: an orphan */
	void *data;                /* to be copied to or from; NULL: nothing */
	uint32_t bytes;
	uint64_t since;        /* mono ns: when it was first submitted, or adopted */
	uint16_t older, newer; /* slots; in OUT and ENDING */
};

/* The slots in OUT and ENDING, oldest first. */
struct age {
	uint32_t n;
	uint16_t oldest, newest; /* valid if n */
};

struct queue {
	struct block_request *first, **end;
};

struct block_ring {
	struct dde_block_ring *shared;
	char *memory;
	struct block_control *control;
	int kick, done;
	int event;            /* own: nobody else has it */
	pthread_mutex_t lock; /* all below */
	struct part part[DDE_BLOCK_SLOTS];
	uint16_t idle[DDE_BLOCK_SLOTS]; /* stack of free slots */
	uint32_t n_idle;
	bool kept[DDE_BLOCK_SLOTS]; /* for its keeper's requests: never in idle */
	uint32_t n_used;            /* slots with a request or an orphan */
	uint32_t n_orphans;
	struct age age;
	struct queue waiting;                        /* requests with bytes in no slot */
	uint32_t attached, events;                   /* as last seen */
	struct dde_block_disk disk[DDE_BLOCK_DISKS]; /* sequence 0: none yet */
	uint32_t refused[DDE_BLOCK_DISKS];           /* the sequence of one that is not sensible */
};

static inline void count(uint64_t *counter, uint64_t n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}

/* ring-check.c, all with the lock. Is it a request that its disk can carry out? Sets part
 * and todo. Return: 0, -errno. */
int ring_check(struct block_ring *ring, struct block_request *req);
void ring_count_start(struct block_ring *ring, const struct block_request *req);
void ring_count_end(struct block_ring *ring, const struct block_request *req);

/* ring-age.c, all with the lock. Slot n is the back's from now on; it is no longer. */
void ring_age_add(struct block_ring *ring, uint32_t n);
void ring_age_remove(struct block_ring *ring, uint32_t n);
/* Has it been with backs for so long that it is withdrawn as soon as there is none? */
bool ring_age_over(const struct block_ring *ring, uint32_t n);
bool ring_age_any_over(const struct block_ring *ring);

#endif
