/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks: for threads only, not recursive, released by the thread that locked them. */
#ifndef DDEKIT_LOCK_H
#define DDEKIT_LOCK_H

#include <pthread.h>

typedef struct ddekit_lock {
	pthread_mutex_t mutex;
	int owner; /* thread id; 0: unlocked */
} ddekit_lock_t;

/**
 * ddekit_lock_init - make an unlocked lock
 * @lock: the caller's memory; for ddekit_lock_deinit()
 *
 * ddekit_lock_init_unlocked() is the same.
 * Any thread, before all others. Does not block.
 */
void ddekit_lock_init(ddekit_lock_t *lock);
void ddekit_lock_init_unlocked(ddekit_lock_t *lock);

/**
 * ddekit_lock_deinit - end the use of an unlocked lock
 *
 * Any thread, after all others. Does not block.
 */
void ddekit_lock_deinit(ddekit_lock_t *lock);

/**
 * ddekit_lock_lock - lock
 *
 * ddekit_thread_terminate() does not end the wait.
 * Any thread that does not hold it. Blocks while another thread holds it.
 */
void ddekit_lock_lock(ddekit_lock_t *lock);

/**
 * ddekit_lock_unlock - unlock
 *
 * The thread that holds it. Does not block.
 */
void ddekit_lock_unlock(ddekit_lock_t *lock);

/**
 * ddekit_lock_try_lock - lock if nobody holds it
 *
 * Any thread. Does not block.
 * Return: 0, -EBUSY.
 */
int ddekit_lock_try_lock(ddekit_lock_t *lock);

/**
 * ddekit_lock_owner - which thread holds it
 *
 * Any thread. Does not block.
 * Return: the thread's id as by ddekit_thread_get_id(); 0: none.
 */
int ddekit_lock_owner(const ddekit_lock_t *lock);

#endif
