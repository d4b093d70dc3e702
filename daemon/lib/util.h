/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small helpers of the daemon and ddectl: clean-up attributes, growing text,
 * parsing of sizes and times.  None prints or exits.
 */
#ifndef DDEKITD_UTIL_H
#define DDEKITD_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ddekit/fd.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FORMAT(f, a) __attribute__((format(printf, f, a)))

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_ __attribute__((cleanup(free_ptr)))
#define _cleanup_close_ __attribute__((cleanup(fd_close)))
#define _cleanup_fclose_ __attribute__((cleanup(close_file)))

/* Replaces *dst by a copy of src (NULL: nothing). Return: 0, -ENOMEM. */
int str_set(char **dst, const char *src);
/* Like asprintf(), but returns the text, or NULL when out of memory. */
char *str_format(const char *fmt, ...) FORMAT(1, 2);
bool str_equal(const char *a, const char *b); /* NULL equals NULL */
/* Replaces everything outside printable ASCII by '?', in place. */
void str_printable(char *text);
/* Replaces each byte that is not part of valid UTF-8 by '?', in place: D-Bus and JSON refuse
 * others. */
void str_make_utf8(char *text);

/* Two lower-case hexadecimal digits for each byte. Return: to be freed; NULL: no memory. */
char *hex_text(const uint8_t *data, size_t len);
/* Decodes such a text. Return: bytes; -EINVAL: malformed, or more than max. */
ssize_t hex_decode(const char *text, uint8_t *data, size_t max);

/* Text that grows. Zero-initialised is empty; text is NULL while empty. */
struct text {
	char *text;
	size_t len;
	size_t size;
};

/* Return: 0, -ENOMEM (the text is unchanged). */
int text_add(struct text *t, const char *fmt, ...) FORMAT(2, 3);
int text_vadd(struct text *t, const char *fmt, va_list args) FORMAT(2, 0);
void text_finish(struct text *t);

/* List of strings, NULL-terminated. Zero-initialised is empty. */
struct strv {
	char **item;
	size_t n;
};

/* Adds a copy. Return: 0, -ENOMEM. */
int strv_add(struct strv *v, const char *item);
/* Splits at spaces and tabs; '…' and "…" keep them. Adds to what is there.
 * Return: 0, -EINVAL (a quote is not closed), -ENOMEM. */
int strv_split(struct strv *v, const char *text);
/* Joined by spaces, items with spaces quoted; to be freed. NULL: no memory. */
char *strv_join(const struct strv *v);
bool strv_equal(const struct strv *a, const struct strv *b);
void strv_finish(struct strv *v);

/* "64M", "1G", "4194304". Return: 0, -EINVAL, -ERANGE (*ret untouched). */
int parse_size(const char *text, uint64_t *ret);
/* "500ms", "2s", "1min", plain seconds. Milliseconds. Return: as parse_size(). */
int parse_time_ms(const char *text, uint32_t *ret);
/* yes/no, true/false, on/off, 1/0. Return: 0, -EINVAL. */
int parse_bool(const char *text, bool *ret);
int parse_uint(const char *text, uint32_t max, uint32_t *ret);
/* The shortest exact form, as parse_size() and parse_time_ms() read it. */
char *format_size(uint64_t value, char *buf, size_t size);
char *format_time_ms(uint32_t ms, char *buf, size_t size);

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds. */
static inline uint64_t mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline uint64_t wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

/* "SIGSEGV" or "signal 64". */
const char *signal_name(int sig);

#endif
