/* SPDX-License-Identifier: GPL-2.0-only */
/* Condition variables, used with a ddekit_lock_t that the caller holds. */
#ifndef DDEKIT_CONDVAR_H
#define DDEKIT_CONDVAR_H

#include <ddekit/lock.h>

typedef struct ddekit_condvar ddekit_condvar_t;

/* Return: NULL with errno set. */
ddekit_condvar_t *ddekit_condvar_init(void);
/* Nobody may wait in it. NULL is fine. */
void ddekit_condvar_deinit(ddekit_condvar_t *cv);
/* Releases lock, waits, takes lock again. May return without a signal: check
 * the condition in a loop. */
void ddekit_condvar_wait(ddekit_condvar_t *cv, ddekit_lock_t *lock);
/* Likewise. Return: 0, -ETIMEDOUT after msecs. */
int ddekit_condvar_wait_timed(ddekit_condvar_t *cv, ddekit_lock_t *lock, int msecs);
/* Wake one, wake all. */
void ddekit_condvar_signal(ddekit_condvar_t *cv);
void ddekit_condvar_broadcast(ddekit_condvar_t *cv);

#endif
