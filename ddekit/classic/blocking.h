/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How ddekit_thread_terminate() reaches a waiting thread: the wait registers its condition,
 * and checks whether the thread is to end.  Foreign threads are never ended.  Private to
 * ddekit/classic/.
 */
#ifndef DDEKIT_BLOCKING_H
#define DDEKIT_BLOCKING_H

#include <pthread.h>
#include <stdbool.h>

/* The calling thread is going to wait for cond with mutex; both must stay valid until
 * thread_unblocks(). Call neither with the mutex held. */
void thread_blocks(pthread_mutex_t *mutex, pthread_cond_t *cond);
void thread_unblocks(void);
/* Has somebody called ddekit_thread_terminate() for the calling thread? */
bool thread_dying(void);
/* Ends the calling thread if so. It must hold no lock. */
void thread_end_if_dying(void);

#endif
