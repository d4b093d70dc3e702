/* SPDX-License-Identifier: GPL-2.0-only */
/* Printing, panic and backtraces (see include/ddekit/print.h). */
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ddekit/print.h>

#define MAX_FRAMES 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*sink)(void *arg, const char *text, size_t len);
static void *sink_arg;
static int debugging;

void ddekit_print_set_sink(void (*fn)(void *arg, const char *text, size_t len), void *arg)
{
	pthread_mutex_lock(&lock);
	sink = fn;
	sink_arg = arg;
	pthread_mutex_unlock(&lock);
}

static void to_stderr(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

static int text_put(const char *text, size_t len)
{
	pthread_mutex_lock(&lock);
	if (sink)
		sink(sink_arg, text, len);
	else
		to_stderr(text, len);
	pthread_mutex_unlock(&lock);
	return (int)len;
}

int ddekit_print(const char *text)
{
	return text_put(text, strlen(text));
}

int ddekit_vprintf(const char *fmt, va_list ap)
{
	char *text;
	int n = vasprintf(&text, fmt, ap);

	if (n < 0)
		return text_put(fmt, strlen(fmt)); /* better than nothing */
	n = text_put(text, (size_t)n);
	free(text);
	return n;
}

int ddekit_printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = ddekit_vprintf(fmt, ap);
	va_end(ap);
	return n;
}

void ddekit_debug_enable(int on)
{
	__atomic_store_n(&debugging, on, __ATOMIC_RELAXED);
}

/* Prints prefix, text and newline in one piece, truncated if too long. */
static void print_line(const char *prefix, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
static void print_line(const char *prefix, const char *fmt, va_list ap)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "%s", prefix);
	int m = vsnprintf(text + n, sizeof(text) - 1 - (size_t)n, fmt, ap);

	if (m > 0)
		n += m;
	if ((size_t)n > sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	text_put(text, (size_t)n);
}

void ddekit_debug(const char *fmt, ...)
{
	va_list ap;

	if (!__atomic_load_n(&debugging, __ATOMIC_RELAXED))
		return;
	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
}

void ddekit_backtrace(void)
{
	void *frame[MAX_FRAMES];
	int n = backtrace(frame, MAX_FRAMES), i;
	char **name = backtrace_symbols(frame, n);

	for (i = 1; i < n; i++)
		ddekit_printf("  #%d %p %s\n", i - 1, frame[i], name ? name[i] : "");
	free(name);
}

void ddekit_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("panic: ", fmt, ap);
	va_end(ap);
	ddekit_backtrace();
	abort();
}
