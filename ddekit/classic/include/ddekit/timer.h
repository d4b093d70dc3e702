/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One-shot timers.  Their functions run one after the other in one thread of the library,
 * which the first timer starts and which lives as long as the program.
 */
#ifndef DDEKIT_TIMER_H
#define DDEKIT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * ddekit_time_ns - the time that timers use
 *
 * Any thread. Does not block.
 * Return: nanoseconds of CLOCK_MONOTONIC.
 */
uint64_t ddekit_time_ns(void);

/**
 * ddekit_add_timer - call @fn(@arg) after a time
 * @fn:       called in the timers' thread; others wait while it runs
 * @arg:      borrowed until @fn has returned or the timer was cancelled
 * @delay_ns: nanoseconds from now
 *
 * Any thread, also a timer's function. Does not block; the first call does until the timers'
 * thread runs.
 * Return: the timer's number, positive and not used again soon; -ENOMEM, -EAGAIN (no thread).
 */
int ddekit_add_timer(void (*fn)(void *arg), void *arg, uint64_t delay_ns);

/**
 * ddekit_add_timer_at - as ddekit_add_timer(), for a point in time
 * @deadline_ns: of ddekit_time_ns(); one that has passed: as soon as possible
 *
 * Any thread, also a timer's function. Does not block, but as ddekit_add_timer().
 * Return: as ddekit_add_timer().
 */
int ddekit_add_timer_at(void (*fn)(void *arg), void *arg, uint64_t deadline_ns);

/**
 * ddekit_del_timer - cancel a timer
 *
 * Any thread, also a timer's function. Blocks while its function runs, unless that is the
 * caller.
 * Return: 0; -ENOENT: it has run, runs, or does not exist.
 */
int ddekit_del_timer(int id);

/**
 * ddekit_timer_pending - is a timer's function still to be called?
 *
 * Any thread. Does not block.
 * Return: false also while it runs.
 */
bool ddekit_timer_pending(int timer);

#endif
