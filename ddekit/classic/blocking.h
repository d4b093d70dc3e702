/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How ddekit_thread_terminate() reaches a thread that waits: the wait says on
 * what, and looks whether it is to end.  Threads that are not ours are never
 * asked to.  Private to ddekit/classic/.
 */
#ifndef DDEKIT_BLOCKING_H
#define DDEKIT_BLOCKING_H

#include <pthread.h>
#include <stdbool.h>

/* The calling thread will wait for cond with mutex; both must live until
 * thread_unblocks(). Neither call with the mutex held. */
void thread_blocks(pthread_mutex_t *mutex, pthread_cond_t *cond);
void thread_unblocks(void);
/* Has somebody called ddekit_thread_terminate() for the calling thread? */
bool thread_dying(void);
/* Ends it if so. It must hold nothing. */
void thread_end_if_dying(void);

#endif
