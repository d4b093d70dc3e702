/* SPDX-License-Identifier: GPL-2.0-only */
/* Counting semaphores. */
#ifndef DDEKIT_SEM_H
#define DDEKIT_SEM_H

typedef struct ddekit_sem ddekit_sem_t;

/**
 * ddekit_sem_init - make a semaphore
 * @value: 0..2147483647
 *
 * Any thread. Does not block.
 * Return: it, for ddekit_sem_deinit(); NULL with errno set (EINVAL, ENOMEM).
 */
ddekit_sem_t *ddekit_sem_init(int value);

/**
 * ddekit_sem_deinit - free a semaphore that no thread waits for
 * @sem: NULL is fine
 *
 * Any thread. Does not block.
 */
void ddekit_sem_deinit(ddekit_sem_t *sem);

/**
 * ddekit_sem_down - wait until the value is above 0, then decrease it
 *
 * ddekit_thread_terminate() ends the thread in it.
 * Any thread. Blocks.
 */
void ddekit_sem_down(ddekit_sem_t *sem);

/**
 * ddekit_sem_down_try - decrease the value if it is above 0
 *
 * Any thread. Does not block.
 * Return: 0, -EAGAIN.
 */
int ddekit_sem_down_try(ddekit_sem_t *sem);

/**
 * ddekit_sem_down_timed - as ddekit_sem_down(), with a limit
 * @msecs: milliseconds; negative: as 0
 *
 * Any thread. Blocks for @msecs at most.
 * Return: 0, -ETIMEDOUT.
 */
int ddekit_sem_down_timed(ddekit_sem_t *sem, int msecs);

/**
 * ddekit_sem_up - increase the value, and wake one waiting thread
 *
 * The value stays at 2147483647.
 * Any thread. Does not block.
 */
void ddekit_sem_up(ddekit_sem_t *sem);

#endif
