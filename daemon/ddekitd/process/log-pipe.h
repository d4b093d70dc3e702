/* SPDX-License-Identifier: GPL-2.0-only */
/* The log pipe of a child process: what it writes, line by line, at a bounded rate. */
#ifndef DDEKITD_LOG_PIPE_H
#define DDEKITD_LOG_PIPE_H

#include <stdint.h>
#include <systemd/sd-event.h>

#define LOGPIPE_LINE 1024 /* a longer line is cut in pieces */

/* Called from the event loop; text is borrowed for the call. */
struct logpipe_ops {
	void (*line)(void *arg, char *text);        /* printable; it may be written to */
	void (*flood)(void *arg, const char *text); /* instead of what is dropped */
};

struct logpipe {
	const struct logpipe_ops *ops;
	void *arg;
	uint32_t rate; /* lines per second; more are counted and dropped */
	int fd;        /* the pipe's end to be read, non-blocking; -1: none */
	sd_event_source *source;
	char line[LOGPIPE_LINE];
	size_t len;
	uint64_t window;
	uint32_t count;
	uint64_t lost; /* lines dropped */
};

/* Makes the pipe; the end to be written is *ret_write. Return: 0, -errno. */
int logpipe_open(struct logpipe *pipe, int *ret_write);
/* Return: 0, -errno. */
int logpipe_watch(struct logpipe *pipe, sd_event *event);
/* Reads what is left, also an unfinished line. */
void logpipe_drain(struct logpipe *pipe);
void logpipe_close(struct logpipe *pipe);

#endif
