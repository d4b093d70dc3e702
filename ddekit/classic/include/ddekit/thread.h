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
 * @name: up to 15 characters are kept
 *
 * Signals are blocked in it. Any thread. The result is the caller's until
 * ddekit_thread_join() or ddekit_thread_terminate().
 * Return: the thread; NULL with errno set.
 */
ddekit_thread_t *ddekit_thread_create(void (*fn)(void *arg), void *arg, const char *name);
/* Waits for its end and frees it. Not from itself. */
void ddekit_thread_join(ddekit_thread_t *thread);
/* Ends it in its present or next msleep, usleep, nsleep, thread_sleep or
 * sem_down, waits for that, and frees it. It holds no lock of this library's
 * own then; what its code has locked stays locked. Not from itself. */
void ddekit_thread_terminate(ddekit_thread_t *thread);
/* Ends the calling thread, which ddekit_thread_create() made. */
void ddekit_thread_exit(void) __attribute__((noreturn));

/* The calling thread; NULL if it is a foreign one that has not been set up. */
ddekit_thread_t *ddekit_thread_myself(void);
/* Makes a foreign thread one of ours until it ends; a second call renames it.
 * Return: it; NULL with errno set. */
ddekit_thread_t *ddekit_thread_setup_myself(const char *name);

/* A pointer that is the thread's own, NULL at first. */
void ddekit_thread_set_data(ddekit_thread_t *thread, void *data);
void *ddekit_thread_get_data(ddekit_thread_t *thread);
/* For the calling thread, which must be one of ours. */
void ddekit_thread_set_my_data(void *data);
void *ddekit_thread_get_my_data(void);

const char *ddekit_thread_get_name(ddekit_thread_t *thread);
/* The kernel's id of it, positive. */
int ddekit_thread_get_id(ddekit_thread_t *thread);

/* Sleep at least that long; signals do not shorten it. */
void ddekit_thread_msleep(unsigned long msecs);
void ddekit_thread_usleep(unsigned long usecs);
void ddekit_thread_nsleep(unsigned long nsecs);

/* Releases lock, sleeps until a wakeup, takes lock again. The calling thread
 * must be one of ours and hold lock. A wakeup that came before is not lost. */
void ddekit_thread_sleep(struct ddekit_lock *lock);
/* Ends one thread_sleep of that thread, the present or the next. */
void ddekit_thread_wakeup(ddekit_thread_t *thread);

/* Let others run. */
void ddekit_thread_schedule(void);
void ddekit_yield(void);

#endif
