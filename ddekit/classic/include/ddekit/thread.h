/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads with a name, private data, and sleep/wakeup.  The original DDEKit's
 * calls; a thread is a pthread.
 */
#ifndef DDEKIT_THREAD_H
#define DDEKIT_THREAD_H

struct ddekit_lock;

typedef struct ddekit_thread ddekit_thread_t;

/**
 * ddekit_thread_create - run @fn(@arg) in a new thread
 * @name: up to 15 characters are used; NULL: "ddekit"
 *
 * Signals are blocked in it.
 * Any thread. Blocks until the new thread runs.
 * Return: the thread, for ddekit_thread_join() or ddekit_thread_terminate(); NULL with errno
 * set (ENOMEM, EAGAIN).
 */
ddekit_thread_t *ddekit_thread_create(void (*fn)(void *arg), void *arg, const char *name);

/**
 * ddekit_thread_join - wait for a thread's end, and free it
 *
 * Any thread but itself, once. Blocks until its end.
 */
void ddekit_thread_join(ddekit_thread_t *thread);

/**
 * ddekit_thread_terminate - end a thread where it waits, and free it
 *
 * Ends it in its present or next msleep, usleep, nsleep, thread_sleep or sem_down. It holds no
 * lock of this library's own then; what its code has locked stays locked.
 * Any thread but itself, once. Blocks until its end.
 */
void ddekit_thread_terminate(ddekit_thread_t *thread);

/**
 * ddekit_thread_exit - end the calling thread
 *
 * A thread of ddekit_thread_create(). Does not block, or return.
 */
void ddekit_thread_exit(void) __attribute__((noreturn));

/**
 * ddekit_thread_myself - the calling thread
 *
 * Any thread. Does not block.
 * Return: borrowed; NULL for a foreign thread without ddekit_thread_setup_myself().
 */
ddekit_thread_t *ddekit_thread_myself(void);

/**
 * ddekit_thread_setup_myself - make a foreign thread one of ours until it ends
 * @name: as in ddekit_thread_create(); a second call renames the thread
 *
 * Any thread. Does not block.
 * Return: borrowed, valid until the thread ends; NULL with errno set (ENOMEM).
 */
ddekit_thread_t *ddekit_thread_setup_myself(const char *name);

/**
 * ddekit_thread_set_data - attach a pointer of the caller's to a thread
 * @data: borrowed
 *
 * Any thread. Does not block.
 */
void ddekit_thread_set_data(ddekit_thread_t *thread, void *data);

/**
 * ddekit_thread_get_data - the pointer that was attached
 *
 * Any thread. Does not block.
 * Return: it; NULL at first.
 */
void *ddekit_thread_get_data(ddekit_thread_t *thread);

/**
 * ddekit_thread_set_my_data - ddekit_thread_set_data() for the calling thread
 *
 * Threads of ours. Does not block.
 */
void ddekit_thread_set_my_data(void *data);

/**
 * ddekit_thread_get_my_data - ddekit_thread_get_data() for the calling thread
 *
 * Threads of ours. Does not block.
 * Return: as ddekit_thread_get_data().
 */
void *ddekit_thread_get_my_data(void);

/**
 * ddekit_thread_get_name - a thread's name
 *
 * Any thread. Does not block.
 * Return: borrowed from the thread.
 */
const char *ddekit_thread_get_name(ddekit_thread_t *thread);

/**
 * ddekit_thread_get_id - the kernel's id of a thread
 *
 * Any thread. Does not block.
 * Return: positive.
 */
int ddekit_thread_get_id(ddekit_thread_t *thread);

/**
 * ddekit_thread_msleep - sleep for at least so many milliseconds
 *
 * ddekit_thread_usleep() counts microseconds, ddekit_thread_nsleep() nanoseconds. Signals do not
 * shorten it; ddekit_thread_terminate() ends the thread in it.
 * Any thread. Blocks that long.
 */
void ddekit_thread_msleep(unsigned long msecs);
void ddekit_thread_usleep(unsigned long usecs);
void ddekit_thread_nsleep(unsigned long nsecs);

/**
 * ddekit_thread_sleep - release @lock, sleep until a wakeup, lock @lock again
 *
 * A wakeup that came before is not lost. ddekit_thread_terminate() ends the thread in it.
 * A thread of ours that holds @lock. Blocks.
 */
void ddekit_thread_sleep(struct ddekit_lock *lock);

/**
 * ddekit_thread_wakeup - end one ddekit_thread_sleep() of a thread, the present or the next
 *
 * Any thread. Does not block.
 */
void ddekit_thread_wakeup(ddekit_thread_t *thread);

/**
 * ddekit_thread_schedule - let others run; ddekit_yield() is the same
 *
 * Any thread. Does not block.
 */
void ddekit_thread_schedule(void);
void ddekit_yield(void);

#endif
