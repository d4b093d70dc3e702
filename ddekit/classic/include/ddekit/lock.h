/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks: for threads only, not recursive, released by who took them. */
#ifndef DDEKIT_LOCK_H
#define DDEKIT_LOCK_H

#include <pthread.h>

typedef struct ddekit_lock {
	pthread_mutex_t mutex;
	int owner;		/* thread id; 0: free */
} ddekit_lock_t;

/* Makes an open lock. The two are the same. */
void ddekit_lock_init(ddekit_lock_t *lock);
void ddekit_lock_init_unlocked(ddekit_lock_t *lock);
/* It must be open. */
void ddekit_lock_deinit(ddekit_lock_t *lock);
void ddekit_lock_lock(ddekit_lock_t *lock);
void ddekit_lock_unlock(ddekit_lock_t *lock);
/* Return: 0, -EBUSY. */
int ddekit_lock_try_lock(ddekit_lock_t *lock);
/* Id of the holder as by ddekit_thread_get_id(); 0: open. */
int ddekit_lock_owner(const ddekit_lock_t *lock);

#endif
