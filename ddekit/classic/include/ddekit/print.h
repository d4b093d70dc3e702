/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output of a program, and its end.  The library itself prints nothing.
 *
 * All of these block as long as the sink does: stderr, unless another one is set.
 */
#ifndef DDEKIT_PRINT_H
#define DDEKIT_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/**
 * ddekit_print_set_sink - where text goes
 * @fn:  gets pieces that need not be lines, one call at a time, in the thread that prints; must
 *       not print itself; NULL: text goes to stderr, the default
 * @arg: borrowed until another sink is set
 *
 * Any thread. Blocks while another thread prints.
 */
void ddekit_print_set_sink(void (*fn)(void *arg, const char *text, size_t len), void *arg);

/**
 * ddekit_print - print a text
 *
 * Any thread. Blocks as long as the sink does.
 * Return: bytes printed.
 */
int ddekit_print(const char *text);

/**
 * ddekit_printf - print formatted text, as one piece
 *
 * ddekit_vprintf() is the same with a list of arguments.
 * Any thread. Blocks as long as the sink does.
 * Return: bytes printed; without memory that is the format itself.
 */
int ddekit_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int ddekit_vprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/**
 * ddekit_debug - print a line, if ddekit_debug_enable(1) was called
 * @fmt: without a newline; 1022 characters are printed at most
 *
 * Any thread. Blocks as long as the sink does.
 */
void ddekit_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * ddekit_debug_enable - switch ddekit_debug() on (1) or off (0, the default)
 *
 * Any thread. Does not block.
 */
void ddekit_debug_enable(int on);

/**
 * ddekit_backtrace - print the callers, innermost first, 63 at most
 *
 * Any thread. Blocks as long as the sink does.
 */
void ddekit_backtrace(void);

/**
 * ddekit_panic - print "panic: " and a line, then the callers, and abort()
 *
 * Any thread. Blocks as long as the sink does. Does not return.
 */
void ddekit_panic(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
