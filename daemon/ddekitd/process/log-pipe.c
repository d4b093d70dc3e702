/* SPDX-License-Identifier: GPL-2.0-only */
/* The log pipe of a child process; see log-pipe.h. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "log-pipe.h"
#include "lib/util.h"

#define BUDGET 16 /* reads per wake-up */
#define SECOND_NS 1000000000ull

/* Counts a line. Return: true if it exceeds the rate. */
static bool too_fast(struct logpipe *pipe)
{
	uint64_t now = mono_ns();
	char text[96];

	if (now - pipe->window >= SECOND_NS) {
		pipe->window = now;
		pipe->count = 0;
	}
	pipe->count++;
	if (pipe->count == pipe->rate + 1) {
		snprintf(text, sizeof(text),
			 "more than %u lines a second: the rest of this second is dropped",
			 pipe->rate);
		pipe->ops->flood(pipe->arg, text);
	}
	pipe->lost += pipe->count > pipe->rate;
	return pipe->count > pipe->rate;
}

static void end_line(struct logpipe *pipe)
{
	pipe->line[pipe->len] = 0;
	pipe->len = 0;
	if (too_fast(pipe))
		return;
	str_printable(pipe->line);
	pipe->ops->line(pipe->arg, pipe->line);
}

static void add_bytes(struct logpipe *pipe, const char *buf, size_t n)
{
	for (; n; n--, buf++) {
		if (*buf != '\n')
			pipe->line[pipe->len++] = *buf ? *buf : '?';
		if (*buf == '\n' || pipe->len == LOGPIPE_LINE - 1)
			end_line(pipe);
	}
}

/* Return: false once the pipe is at its end. */
static bool read_pipe(struct logpipe *pipe)
{
	unsigned int budget = BUDGET;
	char buf[4096];
	ssize_t n;

	while (budget--) {
		n = read(pipe->fd, buf, sizeof(buf));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n < 0)
			return true;
		add_bytes(pipe, buf, n);
	}
	return true;
}

static int on_pipe_readable(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	if (!read_pipe(arg))
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

int logpipe_open(struct logpipe *pipe, int *ret_write)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	pipe->fd = p[0];
	*ret_write = p[1];
	return 0;
}

int logpipe_watch(struct logpipe *pipe, sd_event *event)
{
	int r = sd_event_add_io(event, &pipe->source, pipe->fd, EPOLLIN, on_pipe_readable, pipe);

	return r < 0 ? r : 0;
}

void logpipe_drain(struct logpipe *pipe)
{
	read_pipe(pipe);
	if (pipe->len)
		end_line(pipe);
}

void logpipe_close(struct logpipe *pipe)
{
	pipe->source = sd_event_source_disable_unref(pipe->source);
	fd_close(&pipe->fd);
}
