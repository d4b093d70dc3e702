/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One-shot timers.  Their functions run one after the other in one thread of
 * the library, which the first timer starts.
 */
#ifndef DDEKIT_TIMER_H
#define DDEKIT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds, CLOCK_MONOTONIC. */
uint64_t ddekit_time_ns(void);

/**
 * ddekit_add_timer - call @fn(@arg) after a time
 * @delay_ns: from now
 *
 * Any thread, also a timer's function.
 * Return: the timer's number, positive and not soon used again; -ENOMEM,
 * -EAGAIN (no thread).
 */
int ddekit_add_timer(void (*fn)(void *arg), void *arg, uint64_t delay_ns);
/* The same for a point in time, of ddekit_time_ns(). */
int ddekit_add_timer_at(void (*fn)(void *arg), void *arg, uint64_t deadline_ns);
/* Cancels it. If it is just running this waits for its end, unless it is the
 * caller. Return: 0; -ENOENT: it has run, or there is none. */
int ddekit_del_timer(int timer);
/* Will it still run? */
bool ddekit_timer_pending(int timer);

#endif
