/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program says, and its end.  The library itself says nothing by these.
 * Any thread.
 */
#ifndef DDEKIT_PRINT_H
#define DDEKIT_PRINT_H

#include <stdarg.h>
#include <stddef.h>

/* Where text goes; NULL: to stderr, which is the default. fn gets pieces that
 * need not be lines, one call at a time, and must not print itself. */
void ddekit_print_set_sink(void (*fn)(void *arg, const char *text, size_t len), void *arg);
/* Return: bytes printed. */
int ddekit_print(const char *text);
int ddekit_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int ddekit_vprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
/* A line "fmt" with a newline added, if ddekit_debug_enable(1) was called. */
void ddekit_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void ddekit_debug_enable(int on);
/* Prints the callers, innermost first. */
void ddekit_backtrace(void);
/* Prints "panic: fmt", the callers, and aborts. */
void ddekit_panic(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
