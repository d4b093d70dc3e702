/* SPDX-License-Identifier: GPL-2.0-only */
/* Counting semaphores. */
#ifndef DDEKIT_SEM_H
#define DDEKIT_SEM_H

typedef struct ddekit_sem ddekit_sem_t;

/* value: 0..2147483647. Return: NULL with errno set. */
ddekit_sem_t *ddekit_sem_init(int value);
/* Nobody may wait in it. NULL is fine. */
void ddekit_sem_deinit(ddekit_sem_t *sem);
/* Waits until it can take one. */
void ddekit_sem_down(ddekit_sem_t *sem);
/* Return: 0, -EAGAIN. */
int ddekit_sem_down_try(ddekit_sem_t *sem);
/* Return: 0, -ETIMEDOUT after msecs (negative: as 0). */
int ddekit_sem_down_timed(ddekit_sem_t *sem, int msecs);
/* Gives one. Any thread. */
void ddekit_sem_up(ddekit_sem_t *sem);

#endif
