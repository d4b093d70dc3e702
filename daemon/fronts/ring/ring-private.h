/* SPDX-License-Identifier: GPL-2.0-only */
/* What ring.c and ring-check.c share. */
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

#endif
