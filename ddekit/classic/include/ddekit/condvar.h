/* SPDX-License-Identifier: GPL-2.0-only */
/* Condition variables, used with a ddekit_lock_t that the caller holds. */
#ifndef DDEKIT_CONDVAR_H
#define DDEKIT_CONDVAR_H

#include <ddekit/lock.h>

typedef struct ddekit_condvar ddekit_condvar_t;

/**
 * ddekit_condvar_init - make a condition variable
 *
 * Any thread. Does not block.
 * Return: it, for ddekit_condvar_deinit(); NULL with errno set (ENOMEM).
 */
ddekit_condvar_t *ddekit_condvar_init(void);

/**
 * ddekit_condvar_deinit - free a condition variable that no thread waits for
 * @cv: NULL is fine
 *
 * Any thread. Does not block.
 */
void ddekit_condvar_deinit(ddekit_condvar_t *cv);

/**
 * ddekit_condvar_wait - release @lock, wait for a signal, lock @lock again
 *
 * May return without a signal: check the condition in a loop. ddekit_thread_terminate() does
 * not end it.
 * The thread that holds @lock. Blocks.
 */
void ddekit_condvar_wait(ddekit_condvar_t *cv, ddekit_lock_t *lock);

/**
 * ddekit_condvar_wait_timed - as ddekit_condvar_wait(), with a limit
 * @msecs: milliseconds; negative: as 0
 *
 * The thread that holds @lock. Blocks for @msecs at most, and then until it has @lock.
 * Return: 0, -ETIMEDOUT; @lock is held in both cases.
 */
int ddekit_condvar_wait_timed(ddekit_condvar_t *cv, ddekit_lock_t *lock, int msecs);

/**
 * ddekit_condvar_signal - wake one waiting thread, if there is one
 *
 * Any thread. Does not block.
 */
void ddekit_condvar_signal(ddekit_condvar_t *cv);

/**
 * ddekit_condvar_broadcast - wake all waiting threads
 *
 * Any thread. Does not block.
 */
void ddekit_condvar_broadcast(ddekit_condvar_t *cv);

#endif
